# Items of each stage, and those of every stage. Faults have their own file.

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

item-make-it-yours = Zu Ihrem Vollautomat machen
    .detail = Mit dem Code aus der Verpackung. Danach kann dieses Menü mehr für Sie tun.

item-is-it-yours = Gehört er Ihnen?
    .detail = Er gehört schon jemandem. Haben Sie ihn von dort bekommen, wird er Ihnen dort im Menü übergeben; ein Code öffnet ihn, wenn er niemandem gehört.

item-ask-for-an-invitation = Um eine Einladung bitten
    .detail = Wem er gehört, kann Sie dazuholen.
    .step-1 = Bitten Sie darum, dort dieses Menü zu öffnen, und darin „Menschen“.
    .step-2 = Von dort kommt eine Einladung: in den Haushalt, oder als Gast für eine Zeit.
    .step-3 = Öffnen oder scannen Sie den Link. Dann sehen Sie von überall, wie es ihm geht.

item-seen-from-beside = Sie sehen das, weil Sie davor stehen
    .detail = Er gehört jemandem. Wenn Sie gehen, zeigt dieses Menü nur noch das Modell.

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

item-nearest-shop = Das nächste Geschäft
    .detail = Zum Ansehen und Anfassen.

item-ask-an-owner = Fragen, was andere von ihm halten
    .detail = Unsere Fachleute antworten Ihnen hier.

item-order-now = Bestellen
    .detail = Bis an Ihre Tür geliefert.

item-specifications = Technische Daten

item-track = Wo ist mein Vollautomat?
    .detail = { $promised ->
        [unknown] Verfolgen Sie ihn bei { $carrier ->
            [unknown] Ihrem Paketdienst
           *[other] { $carrier }
         }.
       *[other] Zugesagt für { DATETIME($promised, dateStyle: "full") }.
     }

item-where-is-it = Wo ist mein Vollautomat?
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

item-prepare-wifi = WLAN vorbereiten
    .detail = Dann ist er in wenigen Minuten eingerichtet.
    .step-1 = Suchen Sie Namen und Passwort Ihres WLANs. Oft stehen sie auf dem Router.
    .step-2 = Viele Vollautomat hören nur 2,4 GHz. Hat Ihr Router zwei Namen, notieren Sie den ohne „5G“.
    .step-3 = Gehen Sie mit dem Telefon dorthin, wo der Vollautomat stehen soll, und prüfen Sie dort den Empfang.
    .step-4 = Ist er schwach, wählen Sie einen Platz näher am Router.

item-steps-left = Was noch zu tun ist
    .detail = { $steps_done } von { $steps_all } Schritten sind erledigt. Der nächste erscheint hier, sobald Sie beim Vollautomat sind.

item-step = { $step_name }
    .next = Als Nächstes
    .seen = { $step_by ->
        [device] Erledigt: Der Vollautomat hat es gesehen.
        [customer] Erledigt: von Ihnen abgehakt.
        [expert] Erledigt: von unseren Fachleuten bestätigt.
       *[other] Erledigt.
     }
    .ticks-itself = Das hakt der Vollautomat selbst ab.

item-call-me-about-install = Mit Fachleuten einrichten
    .detail = Unsere Fachleute sehen, wie weit Sie sind, und antworten Ihnen hier.

item-video-guide = Videoanleitung
    .detail = Jeder Schritt zum Ansehen und Anhalten.

item-exchange = Umtauschen
    .detail = Unsere Fachleute regeln das hier mit Ihnen.
    .confirm = Möchten Sie um einen anderen Vollautomat im Umtausch bitten?

item-install-video = Ansehen, wie es geht

item-reorder = Verbrauchsmaterial bestellen
    .detail = { $days_left ->
        [0] Es könnte heute ausgehen
        [one] Es reicht noch etwa einen Tag
       *[other] Es reicht noch etwa { NUMBER($days_left) } Tage
     }

item-reorder-soon = Rechtzeitig nachbestellen
    .detail = { $days_left ->
        [unknown] { $reason }
        [0] { $reason }: könnte heute ausgehen
        [one] { $reason }: noch etwa ein Tag
       *[other] { $reason }: noch etwa { NUMBER($days_left) } Tage
     }

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
       *[other] { $reason }. Jemand muss am Vollautomat etwas tun; die Anleitung erscheint hier, sobald Sie bei ihm sind.
     }

item-tell-household = Jemanden zu Hause bitten
    .detail = Zum Weitersagen an alle, die zum Vollautomat können.
    .step-1 = Bitten Sie jemanden zu Hause, mit dem Telefon zum Vollautomat zu gehen.
    .step-2 = Lassen Sie den QR-Code darauf scannen: Das Telefon zeigt dann, was der Vollautomat von sich sagt, ganz ohne App.
    .step-3 = Lassen Sie sich sagen, was zu sehen ist. Dieses Menü ändert sich von selbst, sobald der Vollautomat wieder arbeitet.

item-offline-power = Er ist ausgeschaltet
    .detail = { $last_reason ->
        [unknown] Oder der Stecker ist gezogen.
       *[other] Oder der Stecker ist gezogen. Seine letzte Meldung: { $last_reason }.
     }
    .step-1 = Sehen Sie nach, ob ein Licht leuchtet.
    .step-2 = Prüfen Sie Stecker, Steckerleiste und Steckdose.
    .step-3 = Drücken Sie die Einschalttaste und warten Sie zwei Minuten.

item-firmware = Seine Software
    .detail = { $firmware ->
        [unknown] Zu seiner Software gibt es Neues.
       *[other] Version { $firmware }. Es gibt Neues dazu.
     }
    .step-1 = Lassen Sie den Vollautomat eingeschaltet und verbunden: Updates kommen von selbst.
    .step-2 = Schalten Sie ihn nicht aus, solange das Display ein Update zeigt.
    .step-3 = Misslingt ein Update, arbeitet er mit der bisherigen Version weiter und versucht es noch einmal.

item-new-wifi = Neuer Router oder neues Passwort
    .detail = So kommt der Vollautomat in Ihr neues WLAN.
    .step-1 = Suchen Sie den neuen Namen und das Passwort. Oft stehen sie auf dem Router.
    .step-2 = Öffnen Sie das Netzwerkmenü auf dem Display des Vollautomaten und wählen Sie das neue WLAN.
    .step-3 = Geben Sie das Passwort ein. Große und kleine Buchstaben zählen.
    .step-4 = Warten Sie, bis das Netzwerklicht ruhig leuchtet.

item-stand-beside-it = Davor sehen Sie, wie es ihm geht
    .detail = Er gehört jemandem. Wie es ihm geht, sehen die, denen er gehört, wen sie dazugeholt haben, und wer davor steht.
    .step-1 = Der Vollautomat sendet über Bluetooth ein Funkzeichen, das alle paar Minuten wechselt. Ein Telefon, das es meldet, ist dort.
    .step-2 = Dazu gehört eine App, die Funkzeichen hört. Ein Browser allein hört sie nicht: Bitten Sie dann um eine Einladung.
    .step-3 = Dann zeigt dieses Menü, wie es ihm geht, zehn Minuten lang nach jeder Meldung.

item-first-aid = Wenn einer keinen Kaffee macht
    .detail = Was bei jedem { $model } am häufigsten hilft.
    .step-1 = Sehen Sie auf das Display: Es nennt, worauf er wartet.
    .step-2 = Prüfen Sie, ob Wasser im Tank ist, ob der Tank fest sitzt und ob Bohnen da sind.
    .step-3 = Leeren Sie Tropfschale und Satzbehälter, und schieben Sie beide ein, bis es klickt.
    .step-4 = Schalten Sie ihn aus, warten Sie eine Minute, und schalten Sie ihn wieder ein.

item-what-it-can-do = Was er kann
    .detail = Der { $model } in einer Minute.
    .step-1 = Er mahlt für jede Tasse frisch und macht Espresso, Kaffee und heißes Wasser.
    .step-2 = Er sagt rechtzeitig, was er braucht, hier in diesem Menü.
    .step-3 = Wenn etwas nicht geht, zeigt Ihr Telefon genau dafür die Lösung.
    .step-4 = Ein Mensch hilft Ihnen, wann immer Sie fragen, vor dem Kauf und danach.

item-demo-not-ready = Dieser macht gerade keinen Kaffee
    .detail = Bitte fragen Sie das Personal.
    .step-1 = Sagen Sie dem Personal, dass dieser Vollautomat Hilfe braucht.
    .step-2 = Sobald er bereit ist, erscheint hier „Einen Kaffee probieren“.

item-learn-beans = Welche Bohnen ihm gut tun
    .detail = Eine Minute jetzt erspart später ein blockiertes Mahlwerk.
    .step-1 = Nehmen Sie ganze Bohnen, die für Espresso oder Kaffee geröstet sind.
    .step-2 = Nehmen Sie keine gezuckerten oder aromatisierten: Sie verkleben das Mahlwerk.
    .step-3 = Verstellen Sie das Mahlwerk nur, während es mahlt: feiner für Espresso, gröber, wenn der Kaffee nur tropft.

item-prepare-place = Seinen Platz vorbereiten
    .detail = Eine feste Arbeitsplatte und eine Steckdose genügen.
    .step-1 = Lassen Sie an beiden Seiten eine Handbreit frei, und oben Platz für Tank und Bohnen.
    .step-2 = Wählen Sie einen Platz mit Steckdose in Reichweite, nicht neben dem Herd.
    .step-3 = Fragen Sie Ihr Wasserwerk nach der Wasserhärte, oder sehen Sie auf dessen Seite nach.

item-in-the-box = Was im Karton ist
    .step-1 = Der Vollautomat mit Tank und Schalen.
    .step-2 = Ein Wasserfilter.
    .step-3 = Ein Streifen, der die Wasserhärte misst.
    .step-4 = Eine Karte mit dem Code, der ihn zu Ihrem macht.

item-have-ready = Was Sie bereitlegen
    .step-1 = Name und Passwort Ihres WLANs.
    .step-2 = Eine Tüte Bohnen und frisches Wasser.
    .step-3 = Eine große Tasse, eine Viertelstunde und Ihr Telefon.

item-picture-guide = Einrichten in sieben Bildern
    .detail = Für alle, die lieber sehen als lesen.
    .step-1 = Nehmen Sie alle Klebestreifen ab.
    .step-2 = Stecken Sie ihn ein, und schalten Sie ihn an.
    .step-3 = Füllen Sie den Tank mit kaltem Wasser.
    .step-4 = Füllen Sie Bohnen ein.
    .step-5 = Wählen Sie Ihr WLAN.
    .step-6 = Stellen Sie eine Schale unter, und lassen Sie ihn spülen.
    .step-7 = Machen Sie den ersten Kaffee.

item-usage = Wie viel Kaffee Sie machen
    .detail = { $usage_cups_total ->
        [0] Noch keine Tasse
        [one] Bisher eine Tasse
       *[other] Bisher { NUMBER($usage_cups_total, maximumFractionDigits: 0) } Tassen
     }
    .step-1 = Spülen Sie die Brüheinheit einmal in der Woche: Alte Öle schmecken bitter.
    .step-2 = Füllen Sie Bohnen für höchstens zwei Tage ein: In der Tüte halten sie besser.
    .step-3 = Mit Filter müssen Sie nur halb so oft entkalken.

item-make-coffee = Eine bessere Tasse
    .detail = Drei Handgriffe.
    .step-1 = Wärmen Sie die Tasse mit heißem Wasser vor, und schieben Sie die Ausläufe zu ihr hinunter.
    .step-2 = Wählen Sie Stärke und Menge am Display, und speichern Sie, was Ihnen schmeckt.
    .step-3 = Schmeckt er sauer, mahlen Sie feiner; bitter: gröber. Immer nur eine Stufe.

item-clean-outside = Außen reinigen
    .detail = Ein weiches, feuchtes Tuch genügt.
    .step-1 = Schalten Sie ihn aus, und lassen Sie ihn abkühlen.
    .step-2 = Wischen Sie ihn mit einem feuchten Tuch ab. Kein Scheuermittel.
    .step-3 = Spülen Sie die Tropfschale, und trocknen Sie sie ab.

item-offline-network = Er hat das Netz verloren
    .detail = Oft liegt es am Router oder an einem neuen WLAN-Passwort.
    .step-1 = Prüfen Sie, ob andere Geräte über dasselbe WLAN Verbindung haben.
    .step-2 = Wenn nicht, ziehen Sie den Stecker des Routers für zehn Sekunden, und warten Sie drei Minuten.
    .step-3 = Wählen Sie Ihr WLAN in den Einstellungen noch einmal aus, und geben Sie das Passwort ein.

item-brew-sample = Einen Kaffee probieren
    .done = Ihr Kaffee ist fertig
    .detail = { $proven ->
        [yes] Dieser Vollautomat macht eine Tasse für Sie.
       *[no] Halten Sie Ihr Telefon nah an diesen Vollautomaten, damit er weiß, dass Sie da sind.
     }

item-rinse = Jetzt spülen
    .detail = Ein kurzer Durchlauf mit heißem Wasser. Stellen Sie eine Tasse unter.
    .confirm = Es kommt heißes Wasser. Steht eine Tasse unter den Ausläufen?
    .done = Gespült

item-first-rinse-now = Spülen lassen
    .detail = Stellen Sie zuerst eine Schale unter die Ausläufe.
    .confirm = Es kommt heißes Wasser. Steht eine Schale unter den Ausläufen?
    .done = Gespült

item-restart = Von hier aus neu starten
    .detail = Hilft erstaunlich oft, nur nicht gegen einen leeren Tank.
    .confirm = Den Vollautomaten jetzt neu starten?
    .done = Er ist wieder da

item-supply = { $supply_name ->
    [Beans] Bohnen
    [Water] Wasser
    [Filter] Wasserfilter
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

step-unpack = Auspacken
    .detail = Nehmen Sie alle Klebestreifen ab.
    .step-1 = Heben Sie den Vollautomaten am Boden aus dem Karton.
    .step-2 = Nehmen Sie alle Klebestreifen ab, auch innen hinter der Klappe und unter dem Tank.
    .step-3 = Stellen Sie ihn dorthin, wo er bleiben soll.

step-power_on = Einschalten
    .detail = In einer halben Minute ist er wach.
    .step-1 = Stecken Sie ihn in eine Wandsteckdose.
    .step-2 = Drücken Sie die Einschalttaste, und wählen Sie am Display Ihre Sprache.

step-set_hardness = Die Wasserhärte einstellen
    .detail = Dann weiß er, wann er entkalkt werden muss.
    .step-1 = Halten Sie den Streifen eine Sekunde in Leitungswasser, und zählen Sie nach einer Minute die gefärbten Felder.
    .step-2 = Wählen Sie diese Zahl am Display.

step-fill_water = Den Tank füllen
    .detail = Mit frischem, kaltem Wasser.
    .step-1 = Heben Sie den Tank heraus.
    .step-2 = Drücken Sie den Wasserfilter ein.
    .step-3 = Füllen Sie den Tank bis zur Marke.
    .step-4 = Setzen Sie ihn ein, bis er fest sitzt.

step-fill_beans = Bohnen einfüllen
    .detail = Ganze, und keine gezuckerten.
    .step-1 = Öffnen Sie den Deckel oben.
    .step-2 = Füllen Sie Bohnen bis zum Rand ein.
    .step-3 = Schließen Sie den Deckel.

step-connect_network = Mit dem WLAN verbinden
    .detail = Dann kann er sagen, was er braucht.
    .step-1 = Suchen Sie Namen und Passwort Ihres WLANs.
    .step-2 = Wählen Sie es am Display aus, und geben Sie das Passwort ein. Große und kleine Buchstaben zählen.

step-first_rinse = Einmal spülen lassen
    .detail = Damit geht weg, was von der Fabrik noch da ist.
    .step-1 = Stellen Sie eine große Schale unter die Ausläufe.
    .step-2 = Starten Sie das erste Spülen am Display, oder hier.

step-first_cup = Den ersten Kaffee machen
    .detail = Der dritte ist der erste gute.
    .step-1 = Stellen Sie eine Tasse unter die Ausläufe.
    .step-2 = Wählen Sie am Display einen Kaffee.
    .step-3 = Gießen Sie die ersten zwei weg: Das Mahlwerk findet sein Maß.

step-register_warranty = Den Beleg aufheben
    .detail = Für die Garantie.
    .step-1 = Fotografieren Sie den Beleg, und bewahren Sie ihn bei Ihren Unterlagen auf.
