# Anleitungen bei Störungen. Kurze Schritte, in der Reihenfolge der Handgriffe.

item-clear-jam = Papierstau beseitigen
    .detail = Dauert etwa zwei Minuten, ganz ohne Werkzeug.
    .step-1 = Schalten Sie den Drucker aus und lassen Sie ihn eine Minute abkühlen.
    .step-2 = Ziehen Sie das Papierfach heraus und nehmen Sie geknickte oder halb eingezogene Blätter weg.
    .step-3 = Öffnen Sie die hintere Klappe.
    .step-4 = Ziehen Sie das Blatt langsam mit beiden Händen in Laufrichtung heraus.
    .step-5 = Falls es reißt, suchen Sie bitte alle Schnipsel: Schon ein kleiner reicht für den nächsten Stau.
    .step-6 = Fächern Sie das Papier auf, legen Sie es bis unter die Markierung ein und schieben Sie das Fach zu, bis es einrastet.
    .step-7 = Schließen Sie die Klappe und schalten Sie den Drucker ein. Er druckt Ihr Dokument weiter.

item-close-cover = Schließen, was offen ist
    .detail = Der Drucker wartet zur Sicherheit, bis alles zu ist.
    .step-1 = Sehen Sie nach dem Deckel oben: Er steht offen oder ist nicht ganz zu.
    .step-2 = Nehmen Sie heraus, was im Weg ist: Papier, Klebeband oder eine Kartusche, die nicht ganz sitzt.
    .step-3 = Schließen Sie den Deckel und drücken Sie auf beiden Seiten, bis es klickt.
    .step-4 = Bleibt die Meldung, öffnen und schließen Sie auch die Klappen vorne und hinten einmal.

item-close-door = Klappe schließen
    .detail = Der Drucker wartet zur Sicherheit, bis sie zu ist.
    .step-1 = Öffnen Sie die vordere Klappe einmal ganz.
    .step-2 = Prüfen Sie, ob etwas übersteht: Papier, Klebeband oder eine Kartusche, die nicht ganz sitzt.
    .step-3 = Drücken Sie die Klappe in der Mitte zu, bis es klickt.
    .step-4 = Machen Sie dasselbe mit der hinteren Klappe.
    .step-5 = Bleibt die Meldung, fragen Sie unsere Fachleute: Der Schalter hinter der Klappe kann abgenutzt sein.

item-release-lock = Sicherheitsschalter schließen
    .detail = Ein Schalter hinter einer Klappe hält ihn an, solange jemand hineingreifen könnte.
    .step-1 = Schalten Sie den Drucker aus, damit sich nichts bewegt.
    .step-2 = Öffnen Sie die vordere Klappe und nehmen Sie Papier oder Klebeband weg, das am Rand sitzt.
    .step-3 = Suchen Sie an der Klappe den kleinen Zapfen, der den Schalter drückt. Er muss ganz sein: Drücken Sie den Schalter mit nichts anderem.
    .step-4 = Schließen Sie alles fest: den Deckel, die Klappe vorne und die Klappe hinten.
    .step-5 = Schalten Sie ihn ein. Bleibt die Meldung, fragen Sie unsere Fachleute.

item-load-paper = Papier einlegen
    .detail = { $reason ->
        [unknown] Das richtige Papier, bis unter die Markierung.
       *[other] Er meldet: { $reason }.
     }
    .step-1 = Ziehen Sie das Papierfach heraus.
    .step-2 = Nehmen Sie Papier in dem Format, das Ihr Dokument braucht.
    .step-3 = Fächern Sie den Stapel auf und stoßen Sie ihn glatt.
    .step-4 = Legen Sie ihn bis unter die Markierung ein.
    .step-5 = Schieben Sie die Führungen an das Papier, sodass sie es berühren, aber nicht biegen.
    .step-6 = Schieben Sie das Fach zu. Fragt das Display nach Format oder Sorte, bestätigen Sie, was Sie eingelegt haben.

item-top-up-paper = Papier nachlegen
    .detail = Noch druckt er: ein guter Moment dafür.
    .step-1 = Warten Sie, bis gerade keine Seite gedruckt wird.
    .step-2 = Ziehen Sie das Fach heraus und nehmen Sie den Rest Papier heraus.
    .step-3 = Legen Sie ihn mit dem neuen Papier zusammen und fächern Sie alles einmal auf.
    .step-4 = Legen Sie es bis unter die Markierung ein.
    .step-5 = Schieben Sie das Fach zu, bis es einrastet.

item-change-paper = Das verlangte Papier einlegen
    .detail = Das Dokument braucht ein anderes Format oder eine andere Sorte.
    .step-1 = Lesen Sie auf dem Display, welches Format und welche Sorte er möchte.
    .step-2 = Wenn Sie es haben, ziehen Sie das Fach heraus und nehmen Sie das andere Papier weg.
    .step-3 = Legen Sie das richtige Papier ein, bis unter die Markierung.
    .step-4 = Schieben Sie die Führungen an das Papier, sodass sie es berühren, aber nicht biegen.
    .step-5 = Schieben Sie das Fach zu und bestätigen Sie Format und Sorte auf dem Display.
    .step-6 = Wenn Sie es nicht haben, brechen Sie das Dokument ab und drucken Sie es für das Papier, das Sie haben.

item-insert-tray = Papierfach wieder einsetzen
    .detail = Der Drucker spürt sein Papierfach nicht.
    .step-1 = Ziehen Sie das Fach ganz heraus, falls es halb drinsteckt.
    .step-2 = Nehmen Sie weg, was dahinter liegt.
    .step-3 = Heben Sie das Fach leicht an und schieben Sie es gerade hinein, bis es einrastet.
    .step-4 = Spürt er das Fach noch immer nicht, drucken Sie aus einem anderen und fragen Sie unsere Fachleute.

item-insert-output-tray = Ausgabefach wieder einsetzen
    .detail = Ohne das Fach landen die Seiten auf dem Boden.
    .step-1 = Suchen Sie das Ausgabefach. Oft ist es eingeklappt oder liegt noch im Karton.
    .step-2 = Hängen Sie es auf beiden Seiten gerade ein.
    .step-3 = Klappen Sie den Anschlag am Ende aus, damit die Seiten liegen bleiben.

item-empty-output = Ausgabefach leeren
    .detail = Zehn Sekunden, dann geht es von selbst weiter.
    .step-1 = Nehmen Sie alle Seiten aus dem Ausgabefach.
    .step-2 = Prüfen Sie, ob im Schlitz darüber noch ein Blatt hängt.
    .step-3 = Klappen Sie den Anschlag aus, damit die nächsten Seiten nicht herunterrutschen.

item-change-toner = Toner wechseln
    .detail = { $level ->
        [error] Vorher kann er nicht weiterdrucken.
       *[other] Noch druckt er. Legen Sie am besten schon eine neue Kartusche bereit.
     }
    .step-1 = Prüfen Sie, ob die neue Kartusche dieselbe Nummer hat wie die eingesetzte.
    .step-2 = Öffnen Sie die vordere Klappe und ziehen Sie die alte Kartusche zu sich heraus.
    .step-3 = Packen Sie die neue aus und schwenken Sie sie fünfmal hin und her.
    .step-4 = Ziehen Sie den Schutzstreifen ab.
    .step-5 = Schieben Sie sie in den Schienen hinein, bis sie einrastet. Berühren Sie weder die Walze noch die Kontakte.
    .step-6 = Schließen Sie die Klappe und warten Sie eine halbe Minute, bis der Drucker bereit ist.
    .step-7 = Legen Sie die alte Kartusche in den Karton der neuen und geben Sie sie zum Recycling.

item-stretch-toner = Mehr aus dem Toner holen
    .detail = Bis die neue Kartusche da ist.
    .step-1 = Öffnen Sie die vordere Klappe und ziehen Sie die Kartusche zu sich heraus.
    .step-2 = Schwenken Sie sie fünfmal hin und her: Der Rest verteilt sich gleichmäßig.
    .step-3 = Schieben Sie sie wieder hinein, bis sie einrastet, und schließen Sie die Klappe.
    .step-4 = Wählen Sie für Entwürfe den Tonersparmodus.

item-change-cartridge = Tinte oder Toner wechseln
    .detail = { $level ->
        [error] Vorher kann er nicht weiterdrucken.
       *[other] Noch druckt er. Legen Sie am besten schon eine neue Patrone bereit.
     }
    .step-1 = Sehen Sie auf dem Display nach, um welche Farbe es geht.
    .step-2 = Prüfen Sie, ob Farbe und Nummer der neuen Patrone stimmen.
    .step-3 = Öffnen Sie den Deckel bei eingeschaltetem Drucker und warten Sie, bis sich nichts mehr bewegt.
    .step-4 = Lösen Sie die alte Patrone und nehmen Sie sie heraus.
    .step-5 = Ziehen Sie den Schutzstreifen von der neuen ab. Berühren Sie das Metall nicht.
    .step-6 = Drücken Sie sie hinein, bis sie einrastet.
    .step-7 = Schließen Sie den Deckel. Der Drucker sagt, wenn er bereit ist.

item-stretch-ink = Auskommen, bis die neue Patrone da ist
    .detail = So reicht der Rest länger.
    .step-1 = Wählen Sie Entwurfsqualität, und nur Schwarz, wo es auf Farbe nicht ankommt.
    .step-2 = Lassen Sie die alte Patrone drin: Ohne Patrone trocknet der Kopf ein.
    .step-3 = Reinigen Sie den Druckkopf jetzt nicht: Das verbraucht Tinte.

item-change-waste-box = Resttonerbehälter wechseln
    .detail = Darin sammelt sich, was nicht auf dem Papier landet.
    .step-1 = Legen Sie Zeitungspapier unter: Toner färbt ab.
    .step-2 = Öffnen Sie die Klappe vor dem Behälter und ziehen Sie ihn waagerecht heraus.
    .step-3 = Verschließen Sie ihn mit den Kappen. Bitte nicht leeren und wiederverwenden: Der Staub schadet Ihnen und dem Drucker.
    .step-4 = Schieben Sie den neuen Behälter hinein, bis er einrastet, und schließen Sie die Klappe.

item-change-developer = Entwickler wechseln
    .detail = Bei vielen Modellen macht das der Kundendienst.
    .step-1 = Sehen Sie im Handbuch nach, ob Sie die Entwicklereinheit Ihres Modells selbst wechseln dürfen.
    .step-2 = Wenn ja, schalten Sie den Drucker aus und lassen Sie ihn zehn Minuten abkühlen.
    .step-3 = Nehmen Sie erst den Toner und dann die Entwicklereinheit heraus und setzen Sie die neue ein.
    .step-4 = Wenn nicht, oder wenn Sie unsicher sind, wählen Sie unten „Fachleute fragen“: Wir kümmern uns darum.

item-change-drum = Bildtrommel wechseln
    .detail = { $level ->
        [error] Vorher kann er nicht weiterdrucken.
       *[other] Noch druckt er, doch die Seiten können blass oder streifig werden.
     }
    .step-1 = Öffnen Sie die vordere Klappe und nehmen Sie Toner und Trommel zusammen heraus.
    .step-2 = Drücken Sie den Hebel und heben Sie den Toner von der Trommel.
    .step-3 = Packen Sie die neue Trommel nicht in grellem Licht aus und berühren Sie ihre Oberfläche nicht.
    .step-4 = Setzen Sie den Toner in die neue Trommel und beides wieder in den Drucker.
    .step-5 = Schließen Sie die Klappe und setzen Sie den Trommelzähler zurück, falls das Display danach fragt.

item-let-it-cool = Den Drucker abkühlen lassen
    .detail = Die Fixiereinheit ist zu heiß. Bitte nicht berühren.
    .step-1 = Fassen Sie nicht hinein: Die Fixiereinheit hinten ist heiß.
    .step-2 = Lassen Sie den Drucker an und schließen Sie alle Klappen: Sein Lüfter kühlt am besten.
    .step-3 = Prüfen Sie, ob die Luftschlitze frei sind, eine Handbreit von der Wand.
    .step-4 = Warten Sie etwa 20 Minuten.
    .step-5 = Bleibt die Meldung, schalten Sie ihn aus und ziehen Sie den Stecker. Fragen Sie dann unsere Fachleute und drucken Sie nicht weiter.

item-let-it-warm-up = Den Drucker warm werden lassen
    .detail = Die Fixiereinheit ist noch nicht warm genug.
    .step-1 = Lassen Sie den Drucker fünf Minuten eingeschaltet.
    .step-2 = Stecken Sie ihn direkt in die Wandsteckdose: An einer Steckerleiste bekommt er manchmal zu wenig Strom.
    .step-3 = In einem kalten Raum unter 10 °C stellen Sie ihn bitte erst wärmer.
    .step-4 = Bleibt die Meldung, schalten Sie ihn eine Minute aus und wieder ein. Kommt sie wieder, fragen Sie unsere Fachleute.

item-resume = Weiterdrucken lassen
    .detail = Jemand oder ein Computer hat ihn angehalten.
    .step-1 = Drücken Sie am Drucker auf Weiter oder OK.
    .step-2 = Hält er wieder an, öffnen Sie die Druckwarteschlange auf dem Computer, der das Dokument geschickt hat.
    .step-3 = Wählen Sie dort Fortsetzen und prüfen Sie, dass „Drucker offline verwenden“ nicht angehakt ist.

item-make-room = Platz im Speicher schaffen
    .detail = Es wartet mehr, als er sich merken kann.
    .step-1 = Warten Sie, bis die laufende Seite fertig ist.
    .step-2 = Brechen Sie am Display oder am Computer ab, was niemand mehr braucht.
    .step-3 = Schicken Sie große Dokumente in Teilen, zum Beispiel je 20 Seiten.
    .step-4 = Bleibt er voll, schalten Sie den Drucker eine Minute aus: Das leert seinen Speicher.

item-send-as-pdf = Das Dokument anders schicken
    .detail = Es braucht eine Schrift oder Funktion, die dieser Drucker nicht hat.
    .step-1 = Brechen Sie das Dokument in der Druckwarteschlange ab.
    .step-2 = Speichern Sie es am Computer oder Telefon als PDF mit eingebetteten Schriften.
    .step-3 = Drucken Sie das PDF. Klappt auch das nicht, wählen Sie im Druckdialog „Als Bild drucken“.

item-partly-stopped = Den angehaltenen Teil finden
    .detail = Der Rest arbeitet weiter.
    .step-1 = Sehen Sie auf dem Display nach, was es ist: ein Fach, eine Ausgabe, der Scanner.
    .step-2 = Folgen Sie den Hinweisen auf dem Display und bestätigen Sie mit OK.
    .step-3 = Wählen Sie bis dahin beim Drucken ein anderes Fach oder eine andere Ausgabe.

item-switch-on-again = Wieder einschalten
    .detail = Er fährt gerade herunter oder ist schon aus.
    .step-1 = Warten Sie, bis alle Lichter aus sind.
    .step-2 = Prüfen Sie, ob der Stecker fest sitzt und die Steckdose Strom hat.
    .step-3 = Drücken Sie die Einschalttaste und warten Sie zwei Minuten, bis er bereit ist.

item-restore-connection = Die Verbindung wiederherstellen
    .detail = Er antwortet nicht auf das, was ihm geschickt wird.
    .step-1 = Schalten Sie den Drucker aus, warten Sie zehn Sekunden und schalten Sie ihn ein.
    .step-2 = Sehen Sie nach dem Netzwerklicht. Blinkt es, sucht er Ihr WLAN.
    .step-3 = Prüfen Sie, ob Ihr Telefon über dasselbe WLAN Verbindung hat.
    .step-4 = Wenn nicht, ziehen Sie den Stecker des Routers für zehn Sekunden und warten Sie drei Minuten.
    .step-5 = Blinkt das Licht weiter, wählen Sie im Netzwerkmenü des Druckers Ihr WLAN noch einmal aus.

item-wait-for-connection = Eine Minute zum Verbinden geben
    .detail = Etwas ist auf dem Weg zum Drucker und wartet, dass er antwortet.
    .step-1 = Warten Sie eine Minute: Meist geht es von selbst weiter.
    .step-2 = Sehen Sie nach, ob der Drucker schläft, und wecken Sie ihn mit einer beliebigen Taste.
    .step-3 = Sehen Sie nach dem Netzwerklicht. Blinkt es, sucht er Ihr WLAN.
    .step-4 = Ändert sich nichts, schalten Sie den Drucker aus, warten Sie zehn Sekunden und schalten Sie ihn ein.

item-check-display = Nachsehen, was das Display sagt
    .detail = Der Drucker meldet ein Problem, aber nicht welches.
    .step-1 = Lesen Sie die Meldung auf dem Display oder merken Sie sich, welche Lichter blinken.
    .step-2 = Suchen Sie, was offen, leer oder verklemmt ist: Klappen, Papier, Kartuschen.
    .step-3 = Schalten Sie ihn eine Minute aus und wieder ein.
    .step-4 = Kommt die Meldung wieder, fragen Sie unsere Fachleute und schicken Sie den Wortlaut mit.

item-fix = { $this_reason }
    .detail = Dafür haben wir keine eigene Anleitung. Diese Schritte helfen oft.
    .step-1 = Sehen Sie nach, ob das Display des Druckers sagt, was bei „{ $this_reason }“ zu tun ist.
    .step-2 = Prüfen Sie, ob alles geschlossen, eingesteckt und gefüllt ist.
    .step-3 = Schalten Sie den Drucker eine Minute aus und wieder ein.
    .step-4 = Bleibt die Meldung, fragen Sie unsere Fachleute: Sie sehen sie bereits.

item-no-reason-told = Herausfinden, was er braucht
    .detail = Der Drucker bittet um Hilfe, ohne zu sagen warum.
    .step-1 = Lesen Sie das Display oder merken Sie sich, welche Lichter blinken.
    .step-2 = Prüfen Sie Papier, Kartuschen und Klappen.
    .step-3 = Schalten Sie ihn eine Minute aus und wieder ein. Ändert sich nichts, fragen Sie unsere Fachleute.
