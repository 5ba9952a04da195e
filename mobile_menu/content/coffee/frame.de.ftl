# Sections, titles, status lines, state reasons.

product = Vollautomat

progress = { $progress ->
    [queued] Unterwegs zum Vollautomat
    [sent] Unterwegs zum Vollautomat
    [waiting] Der Vollautomat ist offline. Er holt es nach, wenn er innerhalb von { $progress_lasts_min ->
        [one] einer Minute
       *[other] { $progress_lasts_min } Minuten
     } wieder da ist.
    [accepted] Der Vollautomat hat es angenommen
    [running] { $progress_percent ->
        [unknown] Der Vollautomat ist dabei
       *[other] Der Vollautomat ist dabei: { $progress_percent } %
     }
    [done] Erledigt
    [expired] Nicht erledigt: Der Vollautomat hat nicht rechtzeitig geantwortet
   *[failed] { $progress_reason ->
        [unknown] Das hat nicht geklappt
       *[other] Das hat nicht geklappt: { $progress_reason }
     }
 }
section-yours = Gehört er Ihnen?
section-fix = { $level ->
    [error] Jetzt beheben
   *[other] Am besten gleich erledigen
 }
section-delivery = Ihre Lieferung
section-stuck = So kommen Sie weiter
section-checklist = Einrichten
section-try = Ausprobieren
section-coupon = Für Sie
section-offline = Warum er sich nicht meldet
section-supplies = Verbrauchsmaterial
section-discover = Kennenlernen
section-prepare = Vorbereiten
section-remote = Von unterwegs
section-use = Mehr herausholen
section-share = Weiterempfehlen
section-feedback = Wie läuft es?
section-care = Pflegen und umziehen
section-help = Hilfe
section-privacy = Ihre Daten
title-onlooker = Dieser { $model } gehört jemandem
title-interested = Das ist der { $model }
title-demo = Probieren Sie den { $model } aus
title-in-shop = Willkommen bei { $shop }
title-engaged = Der { $model } und Sie
title-delivery = Ihr { $model } ist unterwegs
title-delivery-trouble = Bitte entschuldigen Sie die Verzögerung
title-install = Richten Sie Ihren { $model } ein
title-install-away = Bevor Sie Ihren { $model } einrichten
title-install-stuck = Das Einrichten klemmt? Wir helfen Ihnen
title-support = Ihr { $model }
title-support-error = Ihr { $model } braucht Sie
title-support-attention = Ihr { $model } braucht bald etwas
title-support-offline = Ihr { $model } meldet sich nicht
title-closed = Vielen Dank
status-onlooker = Davor sehen Sie, wie es ihm geht
status-interested = Sehen Sie sich in Ruhe um
status-in-shop = { $shop_address ->
    [unknown] Sie sind im Geschäft
   *[other] { $shop_address }
 }
status-engaged = Schön, dass Sie wieder da sind
status-parcel = { $parcel ->
    [none] Ihre Bestellung wird vorbereitet
    [label] Verpackt und wartet auf { $carrier ->
        [unknown] den Paketdienst
       *[other] { $carrier }
     }
    [moving] { $promised ->
        [unknown] Unterwegs zu Ihnen
       *[other] Unterwegs, zugesagt für den { DATETIME($promised, dateStyle: "long") }
     }
    [out_for_delivery] Kommt heute an
    [late] { $promised ->
        [unknown] Später als zugesagt
       *[other] Verspätet: zugesagt war der { DATETIME($promised, dateStyle: "long") }
     }
    [failed] Die Zustellung hat nicht geklappt
   *[delivered] Zugestellt
 }
status-return = Ihre Rückgabe ist in Arbeit
status-steps = { $steps_done } von { $steps_all } Schritten erledigt
status-install = Bereit zum Einrichten
status-reason = { $reason ->
    [unknown] { $level ->
        [error] Er hat angehalten und nennt keinen Grund
       *[other] Er bittet um Aufmerksamkeit und nennt keinen Grund
     }
   *[other] { $reason }
 }
status-offline = { $last_reason ->
    [unknown] Zurzeit kein Kontakt
   *[other] Zurzeit kein Kontakt. Seine letzte Meldung: { $last_reason }
 }
status-ok = { $days_left ->
    [unknown] Alles in Ordnung
    [0] Alles in Ordnung. Das Verbrauchsmaterial könnte heute ausgehen
    [one] Alles in Ordnung. Das Verbrauchsmaterial reicht noch etwa einen Tag
   *[other] Alles in Ordnung. Das Verbrauchsmaterial reicht noch etwa { NUMBER($days_left) } Tage
 }
status-unknown = Noch keine Nachricht von ihm
status-closed = { $closed_reason ->
    [returned] Ihre Rückgabe ist abgeschlossen
    [transferred] Dieses Produkt gehört jetzt jemand anderem
    [retired] Dieses Produkt ist außer Betrieb
    [lapsed] Wir haben länger nichts voneinander gehört
    [ended] Sie sind nicht mehr mit diesem Gerät verbunden
   *[other] Hier gibt es nichts mehr zu tun
 }
status-demo = { $level ->
    [ok] Bereit, für Sie einen Kaffee zu machen
    [busy] Macht gerade für jemand anderen Kaffee
    [attention] Bereit, für Sie einen Kaffee zu machen
   *[other] Hier muss erst das Personal helfen
 }
status-busy = Macht gerade Kaffee oder heizt auf

reason-beans-empty = Keine Bohnen mehr
reason-beans-low = Wenig Bohnen
reason-brew-unit-missing = Brüheinheit fehlt
reason-cleaning-due = Reinigung fällig
reason-descale-due = Entkalken nötig
reason-descale-soon = Bald entkalken
reason-door-open = Serviceklappe offen
reason-drip-tray-full = Tropfschale voll
reason-drip-tray-missing = Tropfschale fehlt
reason-filter-worn = Wasserfilter verbraucht
reason-grinder-jam = Mahlwerk blockiert
reason-grounds-almost-full = Satzbehälter fast voll
reason-grounds-full = Satzbehälter voll
reason-lid-open = Bohnendeckel offen
reason-no-flow = Kein Wasserdurchfluss
reason-none = Alles in Ordnung
reason-over-temp = Zu heiß
reason-tank-missing = Wassertank fehlt
reason-water-empty = Kein Wasser mehr
reason-water-low = Wenig Wasser
