# Mails auf Deutsch. Welche Absätze es je Art gibt, steht in letters.py.

verify-subject = Bestätigen Sie Ihre E-Mail-Adresse
verify-greeting = Guten Tag,
verify-why = Sie möchten diese E-Mail-Adresse zu den Geräten auf Ihrem Telefon hinzufügen. Öffnen Sie zum Bestätigen diesen Link auf demselben Telefon:
verify-go = Meine Adresse bestätigen
verify-only-here = Der Link gilt nur in dem Browser, in dem Sie ihn angefordert haben, und nur einmal. Bitte geben Sie ihn nicht weiter.
verify-lasts = Er gilt { $minutes } Minuten lang.
verify-not-you = Wenn das nicht von Ihnen kam, müssen Sie nichts tun: Ohne den Link kann niemand Ihre Adresse verwenden.
