# Einträge der einzelnen Phasen und die, die immer da sind. Störungen haben ihre eigene Datei.

item-expert = { $has_case ->
    [yes] Ihr Gespräch mit unseren Fachleuten
   *[no] Fachleute fragen
 }
    .detail = { $has_case ->
        [yes] Lesen Sie die Antworten und schreiben Sie zurück.
       *[no] Ein Mensch antwortet und sieht, was Sie sehen.
     }
    .badge = { $unread ->
        [0] { "" }
        [one] { $unread } neue Antwort
       *[other] { NUMBER($unread) } neue Antworten
     }
item-export = Ihre Daten mitnehmen
    .detail = Alles, was wir von Ihnen haben, in einer Datei.
item-opt-out = Gehen und alles löschen lassen
    .detail = Sofort und überall. Das Gerät funktioniert weiter.
    .confirm = Damit wird alles gelöscht, was Sie mit Ihren Produkten verbindet. Das lässt sich nicht rückgängig machen. Sie bekommen eine signierte Bestätigung. Möchten Sie gehen?

item-make-it-yours = Zu Ihrem Drucker machen
    .detail = Mit dem Code aus der Verpackung. Danach kann dieses Menü mehr für Sie tun.
item-is-it-yours = Gehört er Ihnen?
    .detail = Er gehört schon jemandem. Haben Sie ihn von dort bekommen, wird er Ihnen dort im Menü übergeben; ein Code öffnet ihn, wenn er niemandem gehört.
item-ask-for-an-invitation = Um eine Einladung bitten
    .detail = Wem er gehört, kann Sie dazuholen.
    .step-1 = Bitten Sie darum, dort dieses Menü zu öffnen, und darin „Menschen“.
    .step-2 = Von dort kommt eine Einladung: in den Haushalt, oder als Gast für eine Zeit.
    .step-3 = Öffnen oder scannen Sie den Link. Dann sehen Sie von überall, wie es ihm geht.
item-stand-beside-it = Davor sehen Sie, wie es ihm geht
    .detail = Er gehört jemandem. Wie es ihm geht, sehen die, denen er gehört, wen sie dazugeholt haben, und wer davor steht.
    .step-1 = Der Drucker sendet über Bluetooth ein Funkzeichen, das alle paar Minuten wechselt. Ein Telefon, das es meldet, ist dort.
    .step-2 = Dazu gehört eine App, die Funkzeichen hört. Ein Browser allein hört sie nicht: Bitten Sie dann um eine Einladung.
    .step-3 = Dann zeigt dieses Menü, wie es ihm geht, zehn Minuten lang nach jeder Meldung.
item-seen-from-beside = Sie sehen das, weil Sie davor stehen
    .detail = Er gehört jemandem. Wenn Sie gehen, zeigt dieses Menü nur noch das Modell.
item-first-aid = Wenn einer nicht druckt
    .detail = Was bei jedem { $model } am häufigsten hilft.
    .step-1 = Sehen Sie auf das Display: Es nennt, worauf er wartet.
    .step-2 = Prüfen Sie, ob Papier da ist und ob alle Klappen und Fächer geschlossen sind.
    .step-3 = Suchen Sie nach festsitzendem Papier, auch hinten, und ziehen Sie es langsam heraus.
    .step-4 = Schalten Sie ihn aus, warten Sie zehn Sekunden, und schalten Sie ihn wieder ein.

item-what-it-can-do = Was er kann
    .detail = Der { $model } in einer Minute.
    .step-1 = Er druckt von Telefon, Tablet und Computer, ganz ohne Kabel.
    .step-2 = Er sagt rechtzeitig, was er braucht, hier in diesem Menü.
    .step-3 = Wenn etwas klemmt, zeigt Ihr Telefon genau dafür die Lösung.
    .step-4 = Ein Mensch hilft Ihnen, wann immer Sie fragen, vor dem Kauf und danach.
item-compare = Vergleichen
    .detail = Seite an Seite mit anderen.
item-watch = In Aktion sehen
item-product-page = Alles über den { $model }
item-coupon = Ihr Gutschein über { $coupon }
    .detail = { $coupon_expires ->
        [unknown] Zeigen Sie ihn an der Kasse.
       *[other] Zeigen Sie ihn bis zum { DATETIME($coupon_expires, dateStyle: "long") } an der Kasse.
     }
item-get-coupon = Gutschein über { $offer } holen
    .detail = Nur für Sie, einmal einlösbar.
item-route-to-shelf = Der Weg zum Regal
    .detail = { $shop }
item-ask-for-the-shelf = Der Weg zum Regal
    .detail = Bei { $shop }
    .step-1 = Gehen Sie in die Abteilung für Drucker.
    .step-2 = Suchen Sie { $model } auf dem Regalschild.
    .step-3 = Falls Sie ihn nicht finden, zeigen Sie dem Personal diese Seite: Dort weiß man, wo er steht.
item-nearest-shop = Das nächste Geschäft
    .detail = Zum Ansehen und Anfassen.
item-ask-an-owner = Fragen, was andere von ihm halten
    .detail = Unsere Fachleute antworten Ihnen hier.
item-order-now = Bestellen
    .detail = Bis an Ihre Tür geliefert.
item-print-sample = Probeseite drucken
    .done = Ihre Probeseite liegt im Ausgabefach
    .detail = { $proven ->
        [yes] Dieser Drucker druckt eine Seite für Sie.
       *[no] Halten Sie Ihr Telefon nah an diesen Drucker, damit er weiß, dass Sie da sind.
     }
item-demo-not-ready = Dieser kann gerade nicht drucken
    .detail = Bitte fragen Sie das Personal.
    .step-1 = Sagen Sie dem Personal, dass dieser Drucker Hilfe braucht.
    .step-2 = Sehen Sie sich so lange die Seiten in seinem Fach an: Die hat er gedruckt.
    .step-3 = Sobald er bereit ist, erscheint hier „Probeseite drucken“.
item-specifications = Technische Daten

item-track = Wo ist mein Drucker?
    .detail = { $promised ->
        [unknown] Verfolgen Sie ihn bei { $carrier ->
            [unknown] Ihrem Paketdienst
           *[other] { $carrier }
         }.
       *[other] Zugesagt für { DATETIME($promised, dateStyle: "full") }.
     }
item-where-is-it = Wo ist mein Drucker?
    .detail = { $promised ->
        [unknown] Sobald der Paketdienst ihn hat, können Sie ihn hier verfolgen.
       *[other] Zugesagt für { DATETIME($promised, dateStyle: "full") }.
     }
item-what-happened = Was passiert ist
    .detail = { $parcel_detail ->
        [unknown] { $parcel ->
            [failed] Der Paketdienst konnte Ihr Paket nicht zustellen.
           *[other] Ihr Paket ist nicht rechtzeitig angekommen. Wählen Sie unten, was Sie möchten.
         }
       *[other] { $parcel_detail }
     }
item-track-late = Was der Paketdienst sagt
item-wait = Ich warte
    .detail = Dieses Menü ändert sich von selbst, sobald es Neues gibt.
item-call-me-about-parcel = Von Fachleuten klären lassen
    .detail = Unsere Fachleute sehen Ihre Bestellung und antworten Ihnen hier.
item-cancel-order = Bestellung stornieren
    .detail = Unsere Fachleute geben Ihren Wunsch an das Geschäft weiter und antworten Ihnen hier.
    .confirm = Möchten Sie um die Stornierung der Bestellung bitten?
item-training = Schon vorher kennenlernen
    .detail = Ein kurzer Film.
item-learn-paper = So wird Papier eingelegt
    .detail = Eine Minute jetzt erspart später einen Stau.
    .step-1 = Papier liegt im Fach unten. Es lässt sich wie eine Schublade herausziehen.
    .step-2 = Fächern Sie das Papier vorher auf, damit keine zwei Blätter aneinander haften.
    .step-3 = Der Stapel endet unter der Markierung. Zu viel Papier ist der häufigste Grund für einen Stau.
    .step-4 = Die Führungen berühren das Papier und biegen es nicht.
    .step-5 = Das Fach wird zugeschoben, bis es einrastet.
item-learn-print = So drucken Sie später vom Telefon
    .detail = Dafür müssen Sie nichts installieren.
    .step-1 = Öffnen Sie ein Bild oder ein Dokument und wählen Sie Teilen und dann Drucken.
    .step-2 = Der Drucker steht in der Liste, wenn Telefon und Drucker im selben WLAN sind.
    .step-3 = Wählen Sie Anzahl, Seiten und Papier und drucken Sie.
item-learn-scan = So wird gescannt
    .detail = Falls Ihrer unter dem Deckel ein Glas hat.
    .step-1 = Heben Sie den Deckel und legen Sie die Seite mit der Schrift nach unten an die markierte Ecke des Glases.
    .step-2 = Schließen Sie den Deckel langsam, damit die Seite nicht verrutscht.
    .step-3 = Wählen Sie auf dem Display Scannen oder Kopieren.
item-learn-menu = Was dieses Menü für Sie tun wird
    .detail = Es ändert sich mit Ihrem Drucker.
    .step-1 = Wenn der Drucker da ist, führt das Menü Sie durch die Einrichtung und hakt ab, was erledigt ist.
    .step-2 = Wenn etwas fehlt oder klemmt, zeigt es die Lösung genau dafür.
    .step-3 = Wann immer Sie möchten, hilft Ihnen ein Mensch.
item-prepare-wifi = WLAN vorbereiten
    .detail = Dann ist er in wenigen Minuten eingerichtet.
    .step-1 = Suchen Sie Namen und Passwort Ihres WLANs. Oft stehen sie auf dem Router.
    .step-2 = Viele Drucker hören nur 2,4 GHz. Hat Ihr Router zwei Namen, notieren Sie den ohne „5G“.
    .step-3 = Gehen Sie mit dem Telefon dorthin, wo der Drucker stehen soll, und prüfen Sie dort den Empfang.
    .step-4 = Ist er schwach, wählen Sie einen Platz näher am Router.
item-prepare-place = Seinen Platz vorbereiten
    .detail = Ein fester Tisch und eine Steckdose genügen.
    .step-1 = Wählen Sie einen ebenen, festen Platz.
    .step-2 = Stellen Sie ihn nicht in die Sonne und nicht an die Heizung.
    .step-3 = Lassen Sie hinten und an den Seiten eine Handbreit frei.
    .step-4 = Halten Sie eine Wandsteckdose und ein Paket Papier bereit.

item-in-the-box = Was im Karton ist
    .step-1 = Der Drucker mit seinen Fächern.
    .step-2 = Das Netzkabel.
    .step-3 = Die ersten Kartuschen.
    .step-4 = Eine Karte mit dem Code, der ihn zu Ihrem macht.
item-have-ready = Was Sie bereitlegen
    .step-1 = Name und Passwort Ihres WLANs.
    .step-2 = Etwas Papier.
    .step-3 = Eine Viertelstunde und Ihr Telefon.
item-steps-left = Was noch zu tun ist
    .detail = { $steps_done } von { $steps_all } Schritten sind erledigt. Der nächste erscheint hier, sobald Sie beim Drucker sind.
item-step = { $step_name }
    .next = Als Nächstes
    .seen = { $step_by ->
        [device] Erledigt: Der Drucker hat es gesehen.
        [customer] Erledigt: von Ihnen abgehakt.
        [expert] Erledigt: von unseren Fachleuten bestätigt.
       *[other] Erledigt.
     }
    .ticks-itself = Das hakt der Drucker selbst ab.
step-unpack = Auspacken
    .detail = Entfernen Sie alle Klebestreifen.
    .step-1 = Heben Sie den Drucker aus dem Karton, zu zweit, wenn er schwer ist.
    .step-2 = Entfernen Sie außen alles Klebeband und allen Schaumstoff.
    .step-3 = Öffnen Sie jede Klappe einmal und entfernen Sie Klebeband und Schaumstoff auch innen.
    .step-4 = Stellen Sie ihn dorthin, wo er bleiben soll.
step-power_on = Einschalten
    .detail = Er braucht etwa eine Minute.
    .step-1 = Stecken Sie das Kabel in den Drucker und dann in eine Wandsteckdose.
    .step-2 = Drücken Sie die Einschalttaste, bis sie leuchtet.
    .step-3 = Warten Sie, bis das Display nach der Sprache fragt, und wählen Sie Ihre.
step-install_supplies = Kartuschen einsetzen
    .detail = Sie liegen im Karton.
    .step-1 = Öffnen Sie die vordere Klappe.
    .step-2 = Packen Sie die Kartusche aus und schwenken Sie sie hin und her.
    .step-3 = Ziehen Sie den Schutzstreifen ab und berühren Sie die Walze nicht.
    .step-4 = Schieben Sie sie hinein, bis sie einrastet.
    .step-5 = Schließen Sie die Klappe.
step-load_paper = Papier einlegen
    .detail = Bis unter die Markierung.
    .step-1 = Ziehen Sie das Fach heraus und stellen Sie die Führungen auf Ihr Papier ein.
    .step-2 = Fächern Sie das Papier auf und stoßen Sie es glatt.
    .step-3 = Legen Sie es bis unter die Markierung ein, dicht an den Führungen.
    .step-4 = Schieben Sie das Fach zu, bis es einrastet.
step-connect_network = Mit Ihrem WLAN verbinden
    .detail = Sie brauchen Namen und Passwort Ihres WLANs.
    .step-1 = Halten Sie Namen und Passwort Ihres WLANs bereit. Oft stehen sie auf dem Router.
    .step-2 = Öffnen Sie das Netzwerkmenü auf dem Display des Druckers und wählen Sie Ihr WLAN.
    .step-3 = Geben Sie das Passwort ein. Große und kleine Buchstaben zählen.
    .step-4 = Warten Sie, bis das Netzwerklicht ruhig leuchtet.
step-print_test_page = Testseite drucken
    .detail = Der letzte Schritt.
    .step-1 = Drücken Sie am Drucker drei Sekunden auf OK oder wählen Sie hier „Testseite jetzt drucken“.
    .step-2 = Sehen Sie nach, ob alle Farben und Linien da sind.
    .step-3 = Fehlt etwas, fragen Sie unsere Fachleute: Wir sehen dasselbe wie Sie.
step-register_warranty = Garantie registrieren
    .detail = Wenn Sie möchten: Sie gilt auch ohne Registrierung.
    .step-1 = Heben Sie den Kaufbeleg auf oder fotografieren Sie ihn.
    .step-2 = Merken Sie sich den Tag des Kaufs.
    .step-3 = Haken Sie diesen Schritt ab: Modell und Seriennummer sind schon bekannt.
item-connect-by-wps = Ohne Passwort verbinden (WPS)
    .detail = Falls Ihr Router eine WPS-Taste hat.
    .step-1 = Öffnen Sie das Netzwerkmenü auf dem Display des Druckers und wählen Sie WPS.
    .step-2 = Drücken Sie innerhalb von zwei Minuten die WPS-Taste am Router.
    .step-3 = Warten Sie, bis das Netzwerklicht ruhig leuchtet.
item-connect-by-phone = Mit dem Telefon verbinden
    .detail = Falls er kein Display zum Tippen hat.
    .step-1 = Halten Sie die Netzwerktaste des Druckers fünf Sekunden. Er öffnet ein eigenes WLAN.
    .step-2 = Wählen Sie in den WLAN-Einstellungen Ihres Telefons den Namen, der nach { $model } aussieht.
    .step-3 = Öffnen Sie die App des Herstellers, wählen Sie darin Ihr eigenes WLAN und geben Sie das Passwort ein.
    .step-4 = Lassen Sie Ihr Telefon in Ihr eigenes WLAN zurückkehren und öffnen Sie dieses Menü wieder.
item-wifi-does-not-connect = Er verbindet sich nicht?
    .detail = Die vier häufigsten Gründe.
    .step-1 = Geben Sie das Passwort noch einmal ein. Große und kleine Buchstaben zählen.
    .step-2 = Wählen Sie den WLAN-Namen ohne „5G“: Viele Drucker hören nur 2,4 GHz.
    .step-3 = Stellen Sie den Drucker näher an den Router, zumindest für die Einrichtung.
    .step-4 = Ziehen Sie den Stecker des Routers für zehn Sekunden und warten Sie drei Minuten.
    .step-5 = Verbindet er sich noch immer nicht, fragen Sie unsere Fachleute.
item-identify = Blinken lassen
    .detail = Damit Sie sehen, um welchen Drucker es geht.
item-test-page-now = Testseite jetzt drucken
    .detail = Von hier direkt an Ihren Drucker.
item-call-me-about-install = Mit Fachleuten einrichten
    .detail = Unsere Fachleute sehen, wie weit Sie sind, und antworten Ihnen hier.
item-video-guide = Videoanleitung
    .detail = Jeder Schritt zum Ansehen und Anhalten.
item-picture-guide = Die ganze Einrichtung in Bildern
    .detail = In Ihrem Tempo, vom Karton bis zur ersten Seite.
    .step-1 = Entfernen Sie Klebeband und Schaumstoff. Öffnen Sie jede Klappe einmal: Auch innen steckt etwas.
    .step-2 = Stecken Sie ihn in eine Wandsteckdose und schalten Sie ihn ein.
    .step-3 = Ziehen Sie den Schutzstreifen von der Kartusche und schieben Sie sie hinein, bis sie einrastet.
    .step-4 = Legen Sie Papier ein, bis unter die Markierung, und schieben Sie das Fach zu.
    .step-5 = Wählen Sie Ihr WLAN im Netzwerkmenü und geben Sie das Passwort ein.
    .step-6 = Drücken Sie drei Sekunden auf OK: Er druckt eine Testseite.
    .step-7 = Wo Sie nicht weiterkommen, nennen Sie den Fachleuten die Nummer des Schritts.
item-exchange = Umtauschen
    .detail = Unsere Fachleute regeln das hier mit Ihnen.
    .confirm = Möchten Sie um einen anderen Drucker im Umtausch bitten?
item-install-video = Ansehen, wie es geht

item-supply = { $supply_color ->
    [black] Schwarz
    [cyan] Cyan
    [magenta] Magenta
    [yellow] Gelb
   *[other] { $supply_name }
 }
    .detail = { $supply_days ->
        [unknown] Wie lange es reicht, lässt sich noch nicht sagen
        [0] Könnte heute ausgehen
        [one] Reicht noch etwa einen Tag
       *[other] Reicht noch etwa { NUMBER($supply_days) } Tage
     }
    .badge = { $supply_level ->
        [unknown] { "" }
        [some] etwas übrig
       *[other] { $supply_level }
     }
item-reorder-soon = Rechtzeitig nachbestellen
    .detail = { $days_left ->
        [unknown] { $reason }
        [0] { $reason }: könnte heute ausgehen
        [one] { $reason }: noch etwa ein Tag
       *[other] { $reason }: noch etwa { NUMBER($days_left) } Tage
     }
item-reorder-now = Bestellen, was fehlt
    .detail = { $reason }
item-reorder = Verbrauchsmaterial bestellen
    .detail = { $days_left ->
        [0] Es könnte heute ausgehen
        [one] Es reicht noch etwa einen Tag
       *[other] Es reicht noch etwa { NUMBER($days_left) } Tage
     }
item-usage = Was Sie drucken
    .detail = { $usage_pages_total ->
        [0] Noch keine Seite
        [one] Bisher eine Seite
       *[other] Bisher { NUMBER($usage_pages_total, maximumFractionDigits: 0) } Seiten
     }
    .step-1 = Drucken Sie beidseitig: Das halbiert den Papierverbrauch.
    .step-2 = Drucken Sie Entwürfe im Tonersparmodus: So hält die Kartusche länger.
    .step-3 = Drucken Sie mindestens eine Seite pro Woche, damit nichts eintrocknet.
item-tips = Tipps für jeden Tag
    .step-1 = Drucken Sie beidseitig: Das halbiert den Papierverbrauch.
    .step-2 = Drucken Sie Entwürfe im Tonersparmodus: So hält die Kartusche länger.
    .step-3 = Lassen Sie ihn lieber schlafen, statt ihn auszuschalten: Er wacht schneller auf und meldet, was er braucht.
item-keep-paper-dry = Papier, das nicht staut
    .detail = Es kommt darauf an, was im Fach liegt.
    .step-1 = Lagern Sie Papier trocken und flach in seiner Verpackung. Feuchtes Papier wellt sich und klebt.
    .step-2 = Fächern Sie es auf, bevor Sie es einlegen.
    .step-3 = Mischen Sie nicht Formate oder Sorten in einem Fach und nehmen Sie keine geknickten Blätter.
    .step-4 = Bleiben Sie unter der Markierung.
item-print = Vom Telefon drucken
    .step-1 = Öffnen Sie, was Sie drucken möchten, und wählen Sie Teilen und dann Drucken.
    .step-2 = Wählen Sie { $model } in der Liste. Telefon und Drucker brauchen dasselbe WLAN.
    .step-3 = Wählen Sie Anzahl und Seiten und drucken Sie.
item-scan = Eine Seite scannen oder kopieren
    .detail = Falls Ihrer unter dem Deckel ein Glas hat.
    .step-1 = Heben Sie den Deckel und legen Sie die Seite mit der Schrift nach unten an die markierte Ecke des Glases.
    .step-2 = Schließen Sie den Deckel langsam, damit die Seite nicht verrutscht.
    .step-3 = Wählen Sie auf dem Display Scannen oder Kopieren.
    .step-4 = Wählen Sie beim Scannen das Ziel: Computer, Telefon oder eine E-Mail-Adresse.
item-change-supplies = So wird eine Kartusche gewechselt
    .detail = Gut zu wissen, bevor es so weit ist.
    .step-1 = Kaufen Sie die Kartusche mit derselben Nummer wie die eingesetzte.
    .step-2 = Öffnen Sie die vordere Klappe und ziehen Sie die alte Kartusche zu sich heraus.
    .step-3 = Schwenken Sie die neue fünfmal und ziehen Sie den Schutzstreifen ab.
    .step-4 = Berühren Sie die Walze nicht: Sie behält jeden Fingerabdruck.
    .step-5 = Schieben Sie sie hinein, bis sie einrastet, und schließen Sie die Klappe.
    .step-6 = Geben Sie die alte zum Recycling.
item-clean-glass = Das Glas reinigen
    .detail = Bei Streifen auf Scans und Kopien.
    .step-1 = Schalten Sie den Drucker aus.
    .step-2 = Heben Sie den Deckel und wischen Sie das Glas mit einem trockenen, weichen Tuch ab.
    .step-3 = Bei Flecken feuchten Sie das Tuch mit etwas Wasser an. Gießen Sie nie etwas auf das Glas.
    .step-4 = Schließen Sie den Deckel, wenn das Glas trocken ist.
item-clean-rollers = Die Rollen reinigen
    .detail = Wenn Papier schief oder gar nicht eingezogen wird.
    .step-1 = Schalten Sie den Drucker aus und ziehen Sie den Stecker.
    .step-2 = Ziehen Sie das Fach ganz heraus. Die Rollen sitzen dahinter, oben.
    .step-3 = Wischen Sie die Rollen mit einem feuchten Tuch ab und drehen Sie sie dabei.
    .step-4 = Lassen Sie sie zehn Minuten trocknen und schieben Sie das Fach hinein.
item-clean-outside = Außen reinigen
    .detail = Staub in den Luftschlitzen macht ihn heiß.
    .step-1 = Schalten Sie den Drucker aus und ziehen Sie den Stecker.
    .step-2 = Wischen Sie ihn mit einem trockenen Tuch ab. Weder Wasser noch Reiniger darf hineinlaufen.
    .step-3 = Prüfen Sie, ob die Luftschlitze frei sind.
    .step-4 = Stecken Sie ihn ein und schalten Sie ihn ein.
item-new-wifi = Neuer Router oder neues Passwort
    .detail = So kommt der Drucker in Ihr neues WLAN.
    .step-1 = Suchen Sie den neuen Namen und das Passwort. Oft stehen sie auf dem Router.
    .step-2 = Öffnen Sie das Netzwerkmenü auf dem Display des Druckers und wählen Sie das neue WLAN.
    .step-3 = Geben Sie das Passwort ein. Große und kleine Buchstaben zählen.
    .step-4 = Warten Sie, bis das Netzwerklicht ruhig leuchtet.
item-move-it = An einen anderen Platz bringen
    .detail = Durchs Zimmer oder in eine neue Wohnung.
    .step-1 = Schalten Sie ihn aus, lassen Sie ihn abkühlen und ziehen Sie den Stecker.
    .step-2 = Für einen längeren Weg nehmen Sie Papier und Kartuschen heraus und packen die Kartuschen in eine Tüte.
    .step-3 = Tragen Sie ihn waagerecht, zu zweit, wenn er schwer ist.
    .step-4 = Stellen Sie ihn auf einen festen Platz mit Luft ringsum.
    .step-5 = Stecken Sie ihn ein und schalten Sie ihn ein. In der neuen Wohnung wählen Sie das neue WLAN.
item-test-page = Testseite drucken
item-clean-head = Druckkopf reinigen
    .detail = Bei streifigen Seiten. Verbraucht etwas Tinte.
    .confirm = Das dauert etwa zwei Minuten und verbraucht etwas Tinte. Starten?
item-firmware = Seine Software
    .detail = { $firmware ->
        [unknown] Zu seiner Software gibt es Neues.
       *[other] Version { $firmware }. Es gibt Neues dazu.
     }
    .step-1 = Lassen Sie den Drucker eingeschaltet und verbunden: Updates kommen von selbst.
    .step-2 = Schalten Sie ihn nicht aus, solange das Display ein Update zeigt.
    .step-3 = Misslingt ein Update, arbeitet er mit der bisherigen Version weiter und versucht es noch einmal.
item-share = Weiterempfehlen
    .detail = Ihr eigener Link.
item-survey-nps = Wie wahrscheinlich empfehlen Sie ihn weiter?
    .detail = Ein Tipp, von 0 bis 10.
    .choice-0 = 0, gar nicht
    .choice-10 = 10, ganz sicher
item-survey-csat = Wie zufrieden sind Sie mit unserer Hilfe?
    .detail = Ein Tipp.
    .choice-1 = Gar nicht zufrieden
    .choice-2 = Nicht zufrieden
    .choice-3 = Geht so
    .choice-4 = Zufrieden
    .choice-5 = Sehr zufrieden
item-survey-ces = Wie einfach war das Einrichten?
    .detail = Ein Tipp.
    .choice-1 = Sehr schwer
    .choice-2 = Schwer
    .choice-3 = Eher schwer
    .choice-4 = Geht so
    .choice-5 = Eher einfach
    .choice-6 = Einfach
    .choice-7 = Sehr einfach
item-not-heard-yet = Online bringen
    .detail = Wir haben noch nichts von ihm gehört.
    .step-1 = Schalten Sie ihn ein.
    .step-2 = Verbinden Sie ihn im Netzwerkmenü mit Ihrem WLAN.
    .step-3 = Warten Sie zwei Minuten: Dann erscheint hier sein Zustand.
item-what-is-wrong = Was los ist
    .detail = { $reason ->
        [unknown] Er hat angehalten und nennt keinen Grund. Jemand muss auf das Display sehen.
       *[other] { $reason }. Jemand muss am Drucker etwas tun; die Anleitung erscheint hier, sobald Sie bei ihm sind.
     }
item-tell-household = Jemanden zu Hause bitten
    .detail = Zum Weitersagen an alle, die zum Drucker können.
    .step-1 = Bitten Sie jemanden zu Hause, mit dem Telefon zum Drucker zu gehen.
    .step-2 = Lassen Sie den QR-Code darauf scannen: Das Telefon zeigt dann, was der Drucker von sich sagt, ganz ohne App.
    .step-3 = Lassen Sie sich sagen, was zu sehen ist. Dieses Menü ändert sich von selbst, sobald der Drucker wieder arbeitet.
item-cancel-job = Druckauftrag abbrechen
    .confirm = Das laufende Dokument abbrechen?
item-restart = Von hier aus neu starten
    .detail = Hilft erstaunlich oft, nur nicht gegen Papier, das im Weg ist.
    .confirm = Den Drucker jetzt neu starten?
item-offline-network = Er hat das Netz verloren
    .detail = Oft liegt es am Router oder an einem neuen WLAN-Passwort.
    .step-1 = Prüfen Sie, ob andere Geräte über dasselbe WLAN Verbindung haben.
    .step-2 = Wenn nicht, ziehen Sie den Stecker des Routers für zehn Sekunden und warten Sie drei Minuten.
    .step-3 = Wenn ja, sehen Sie nach dem Netzwerklicht des Druckers. Blinkt es, sucht er Ihr WLAN.
    .step-4 = Wählen Sie Ihr WLAN im Netzwerkmenü noch einmal aus und geben Sie das Passwort ein.
item-offline-power = Er ist ausgeschaltet
    .detail = { $last_reason ->
        [unknown] Oder der Stecker ist gezogen.
       *[other] Oder der Stecker ist gezogen. Seine letzte Meldung: { $last_reason }.
     }
    .step-1 = Sehen Sie nach, ob ein Licht leuchtet.
    .step-2 = Prüfen Sie Stecker, Steckerleiste und Steckdose.
    .step-3 = Drücken Sie die Einschalttaste und warten Sie zwei Minuten.
item-offline-sleep = Er schläft
    .detail = Manche Netze vergessen einen schlafenden Drucker.
    .step-1 = Drücken Sie eine beliebige Taste, um ihn zu wecken.
    .step-2 = Passiert das oft, stellen Sie im Menü eine längere Zeit bis zum Ruhezustand ein.
    .step-3 = Schicken Sie ihm eine Seite: Auch das weckt ihn.
item-offline-last-fault = Er hatte vorher ein Problem
    .detail = { $last_reason }. Vielleicht hat ihn jemand deshalb ausgeschaltet.
    .step-1 = Schalten Sie ihn ein und warten Sie zwei Minuten.
    .step-2 = Ist das Problem noch da, erscheint die Anleitung dafür hier von selbst.
    .step-3 = Bleibt er still, sehen Sie sich die anderen Ursachen an.
