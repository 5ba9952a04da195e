# Guides for faults and for what it asks for. Short steps, in the order in which hands do them.

item-fill-water = Den Tank füllen
    .detail = Eine halbe Minute.
    .step-1 = Heben Sie den Tank am Griff heraus.
    .step-2 = Füllen Sie ihn bis zur Marke mit frischem, kaltem Wasser. Kein Mineralwasser und nichts Warmes.
    .step-3 = Setzen Sie ihn ein, und drücken Sie ihn fest.

item-seat-tank = Den Tank einsetzen
    .detail = Er spürt seinen Tank nicht.
    .step-1 = Heben Sie den Tank heraus, und sehen Sie nach, ob etwas darunter liegt.
    .step-2 = Setzen Sie ihn gerade ein.
    .step-3 = Drücken Sie ihn nach unten und an den Vollautomaten, bis es klickt.

item-fill-beans = Bohnen einfüllen
    .detail = Er mahlt sofort weiter.
    .step-1 = Öffnen Sie den Deckel oben.
    .step-2 = Füllen Sie ganze Bohnen ein. Nichts Gemahlenes und nichts Gezuckertes.
    .step-3 = Schließen Sie den Deckel: Er hält das Aroma.
    .step-4 = Die erste Tasse nach leerem Mahlwerk ist manchmal dünn. Die zweite ist wie gewohnt.

item-close-lid = Den Bohnendeckel schließen
    .detail = Bei offenem Deckel mahlt er nicht.
    .step-1 = Drücken Sie den Deckel ringsum an.
    .step-2 = Schließt er nicht, nehmen Sie die Bohne weg, die auf dem Rand liegt.

item-empty-grounds = Den Satzbehälter leeren
    .detail = Bei eingeschaltetem Vollautomaten, damit er wieder von null zählt.
    .step-1 = Ziehen Sie die Tropfschale mit dem Satzbehälter heraus.
    .step-2 = Leeren Sie den Satz in den Biomüll, und spülen Sie den Behälter aus.
    .step-3 = Schieben Sie beides ein, bis es klickt, und warten Sie fünf Sekunden.

item-empty-drip-tray = Die Tropfschale leeren
    .detail = Der rote Schwimmer zeigt, dass sie voll ist.
    .step-1 = Ziehen Sie die Schale langsam heraus, und halten Sie sie gerade.
    .step-2 = Gießen Sie sie aus, und spülen Sie sie.
    .step-3 = Wischen Sie die Kontakte hinten trocken.
    .step-4 = Schieben Sie sie ein, bis es klickt.

item-insert-tray = Die Tropfschale einsetzen
    .detail = Ohne sie liefe Wasser auf die Arbeitsplatte.
    .step-1 = Schieben Sie die Schale gerade ein, bis es klickt.
    .step-2 = Wird sie nicht erkannt, wischen Sie die Kontakte hinten trocken, und versuchen Sie es noch einmal.

item-close-door = Die Serviceklappe schließen
    .detail = Der Vollautomat wartet zur Sicherheit, bis sie zu ist.
    .step-1 = Öffnen Sie die Klappe an der Seite einmal ganz.
    .step-2 = Schieben Sie die Brüheinheit ein, bis es klickt: Steht sie vor, schließt die Klappe nicht.
    .step-3 = Drücken Sie die Klappe in der Mitte zu.

item-insert-unit = Die Brüheinheit einsetzen
    .detail = Sie fehlt oder sitzt nicht richtig.
    .step-1 = Öffnen Sie die Klappe an der Seite.
    .step-2 = Schieben Sie die Brüheinheit ein, bis es klickt. Die Pfeile müssen sich treffen; sonst drehen Sie den Hebel bis zur Marke.
    .step-3 = Schließen Sie die Klappe.
    .step-4 = Schalten Sie den Vollautomaten ein: Er bringt sie selbst in Stellung.

item-clear-grinder = Das Mahlwerk befreien
    .detail = Etwas Hartes liegt darin, meist ein kleiner Stein.
    .step-1 = Schalten Sie den Vollautomaten aus, und ziehen Sie den Stecker.
    .step-2 = Öffnen Sie den Deckel, und nehmen Sie die Bohnen mit Löffel oder Staubsauger heraus. Keine Finger ins Mahlwerk.
    .step-3 = Drehen Sie den Knopf auf die gröbste Stufe.
    .step-4 = Stecken Sie ihn ein, füllen Sie frische Bohnen ein, und machen Sie eine Tasse.
    .step-5 = Steckt es noch, fragen Sie unsere Fachleute. Öffnen Sie nicht das Gehäuse.

item-bring-water = Das Wasser zum Laufen bringen
    .detail = Luft in der Leitung, meist nach leerem Tank.
    .step-1 = Heben Sie den Tank heraus, und füllen Sie ihn.
    .step-2 = Ist ein Filter darin, schütteln Sie ihn unter Wasser, bis keine Blasen mehr aufsteigen.
    .step-3 = Drücken Sie den Tank fest.
    .step-4 = Lassen Sie heißes Wasser laufen, bis es ohne Pause läuft.

item-let-cool = Abkühlen lassen
    .detail = Nach viel Dampf schützt er sich selbst.
    .step-1 = Schalten Sie ihn aus.
    .step-2 = Warten Sie zwanzig Minuten. Dampf und Ausläufe sind heiß.
    .step-3 = Schalten Sie ihn ein. Wird er wieder zu heiß, fragen Sie unsere Fachleute.

item-descale = Entkalken
    .detail = Eine halbe Stunde, fast ganz ohne Sie.
    .step-1 = Leeren Sie Tropfschale und Satzbehälter.
    .step-2 = Nehmen Sie den Filter heraus, und füllen Sie Entkalker und Wasser in den Tank, wie es auf der Packung steht. Keinen Essig.
    .step-3 = Stellen Sie eine Schale für anderthalb Liter unter die Ausläufe.
    .step-4 = Starten Sie das Entkalken am Display.
    .step-5 = Wenn er es verlangt, spülen Sie den Tank, füllen Sie frisches Wasser ein, und leeren Sie die Schale.
    .step-6 = Lassen Sie ihn zu Ende spülen, und setzen Sie den Filter wieder ein.

item-change-filter = Den Wasserfilter wechseln
    .detail = Alle zwei Monate, oder wenn er es sagt.
    .step-1 = Heben Sie den Tank heraus, und drehen Sie den alten Filter los.
    .step-2 = Schütteln Sie den neuen unter Wasser, bis keine Blasen mehr aufsteigen, und drücken Sie ihn ein.
    .step-3 = Füllen Sie den Tank, und setzen Sie ihn ein.
    .step-4 = Bestätigen Sie den neuen Filter am Display: Er spült von selbst.

item-clean-unit = Die Brüheinheit reinigen
    .detail = Einmal in der Woche: Daher kommt der Geschmack.
    .step-1 = Schalten Sie den Vollautomaten aus.
    .step-2 = Öffnen Sie die Klappe an der Seite.
    .step-3 = Drücken Sie den Griff, und ziehen Sie die Brüheinheit heraus.
    .step-4 = Spülen Sie sie unter warmem Wasser. Kein Spülmittel und nicht in die Spülmaschine.
    .step-5 = Lassen Sie sie abtropfen, und schieben Sie sie ein, bis es klickt.
    .step-6 = Schließen Sie die Klappe.

item-no-reason-told = Herausfinden, was er braucht
    .detail = Der Vollautomat bittet um Hilfe, ohne zu sagen warum.
    .step-1 = Lesen Sie das Display, oder merken Sie sich, welche Lichter blinken.
    .step-2 = Prüfen Sie Wasser, Bohnen, Schalen und die Klappe an der Seite.
    .step-3 = Schalten Sie ihn eine Minute aus und wieder ein. Ändert sich nichts, fragen Sie unsere Fachleute.

item-fix = { $this_reason }
    .detail = Dafür haben wir keine eigene Anleitung. Diese Schritte helfen oft.
    .step-1 = Sehen Sie nach, ob das Display des Vollautomaten sagt, was bei „{ $this_reason }“ zu tun ist.
    .step-2 = Prüfen Sie, ob alles geschlossen, eingesteckt und gefüllt ist.
    .step-3 = Schalten Sie den Vollautomat eine Minute aus und wieder ein.
    .step-4 = Bleibt die Meldung, fragen Sie unsere Fachleute: Sie sehen sie bereits.
