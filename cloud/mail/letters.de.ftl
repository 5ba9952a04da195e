# Mails auf Deutsch. Welche Absätze es je Art gibt, steht in letters.py.

verify-subject = Bestätigen Sie Ihre E-Mail-Adresse
verify-greeting = Guten Tag,
verify-why = Sie möchten diese E-Mail-Adresse zu den Geräten auf Ihrem Telefon hinzufügen. Öffnen Sie zum Bestätigen diesen Link auf demselben Telefon:
verify-go = Meine Adresse bestätigen
verify-only-here = Der Link gilt nur in dem Browser, in dem Sie ihn angefordert haben, und nur einmal. Bitte geben Sie ihn nicht weiter.
verify-lasts = Er gilt { $minutes } Minuten lang.
verify-not-you = Wenn das nicht von Ihnen kam, müssen Sie nichts tun: Ohne den Link kann niemand Ihre Adresse verwenden.

joined-subject = Ein Telefon wurde zu Ihren Geräten hinzugefügt
joined-greeting = Guten Tag,
joined-why = ein weiteres Telefon hat soeben diese E-Mail-Adresse bestätigt. Es zeigt von jetzt an dieselben Geräte wie Ihre anderen Telefone und kann dasselbe damit tun.
joined-was-you = Wenn Sie das waren, müssen Sie nichts tun.
joined-not-you = Wenn Sie das nicht waren, liest jemand anderes Ihre Mails. Ändern Sie zuerst das Passwort Ihres Postfachs. Öffnen Sie dann diese Seite auf Ihrem eigenen Telefon, und melden Sie unter „Ihre Daten“ die Telefone ab, die nicht Ihre sind:
joined-go = Meine Telefone ansehen
joined-told = Diese Mail senden wir jedes Mal, wenn ein Telefon hinzukommt, damit es nicht unbemerkt geschehen kann.

removed-subject = Diese Adresse gehört nicht mehr zu Ihren Geräten
removed-greeting = Guten Tag,
removed-why = eines Ihrer Telefone hat soeben diese E-Mail-Adresse entfernt oder durch eine andere ersetzt. Sie führt nicht mehr zu Ihren Geräten zurück, und wir senden nichts anderes mehr an sie.
removed-was-you = Wenn Sie das waren, müssen Sie nichts tun.
removed-not-you = Wenn Sie das nicht waren, öffnen Sie jetzt diese Seite auf Ihrem eigenen Telefon, melden Sie unter „Ihre Daten“ die Telefone ab, die nicht Ihre sind, und bestätigen Sie Ihre Adresse noch einmal:
removed-go = Meine Telefone ansehen
