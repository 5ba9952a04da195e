# Sections, titles, status lines, state reasons.

product = printer

# How far a command is. A reason is known when the printer names one.
progress = { $progress ->
    [queued] On its way to the printer
    [sent] On its way to the printer
    [waiting] The printer is offline. It does this if it is back within { $progress_lasts_min ->
        [one] one minute
       *[other] { $progress_lasts_min } minutes
     }.
    [accepted] The printer has it
    [running] { $progress_percent ->
        [unknown] The printer is at it
       *[other] The printer is at it: { $progress_percent } %
     }
    [done] Done
    [expired] Not done: the printer did not answer in time
   *[failed] { $progress_reason ->
        [unknown] It did not work
       *[other] It did not work: { $progress_reason }
     }
 }

section-yours = Is it yours?
section-fix = { $level ->
    [error] Fix it now
   *[other] Worth doing now
 }
section-delivery = Your delivery
section-stuck = Let us get you going
section-checklist = Set it up
section-try = Try it
section-coupon = For you
section-offline = Why it is silent
section-supplies = Supplies
section-discover = Get to know it
section-prepare = Get ready
section-remote = From where you are
section-use = Get more out of it
section-share = Pass it on
section-feedback = How is it going?
section-care = Look after it
section-help = Help
section-privacy = Your data

title-onlooker = This { $model } is somebody's
title-interested = Meet the { $model }
title-demo = Try the { $model }
title-in-shop = Welcome to { $shop }
title-engaged = The { $model } and you
title-delivery = Your { $model } is coming
title-delivery-trouble = We are sorry about the wait
title-install = Set up your { $model }
title-install-away = Before you set up your { $model }
title-install-stuck = Setting up takes too long? We help
title-support = Your { $model }
title-support-error = Your { $model } needs you
title-support-attention = Your { $model } will need something soon
title-support-offline = Your { $model } is silent
title-closed = Thank you

status-onlooker = Stand at it to see how it is
status-interested = Have a look around
status-demo = { $level ->
    [ok] Ready to print for you
    [busy] Printing for somebody else at the moment
    [attention] Ready to print for you
   *[other] This one needs the staff first
 }
status-in-shop = { $shop_address ->
    [unknown] You are in the shop
   *[other] { $shop_address }
 }
status-engaged = Good to see you again
status-parcel = { $parcel ->
    [none] Your order is being prepared
    [label] Packed, and waiting for { $carrier ->
        [unknown] the carrier
       *[other] { $carrier }
     }
    [moving] { $promised ->
        [unknown] On its way
       *[other] On its way, promised for { DATETIME($promised, dateStyle: "long") }
     }
    [out_for_delivery] Arriving today
    [late] { $promised ->
        [unknown] Later than promised
       *[other] Late: it was promised for { DATETIME($promised, dateStyle: "long") }
     }
    [failed] The delivery did not work
   *[delivered] Delivered
 }
status-return = Your return is being arranged
status-steps = { $steps_done } of { $steps_all } steps done
status-install = Ready to be set up
status-reason = { $reason ->
    [unknown] { $level ->
        [error] It has stopped and gave no reason
       *[other] It asks for attention and gave no reason
     }
   *[other] { $reason }
 }
status-offline = { $last_reason ->
    [unknown] No contact at the moment
   *[other] No contact at the moment. Its last words: { $last_reason }
 }
status-busy = Printing
status-ok = { $days_left ->
    [unknown] All is well
    [0] All is well. Supplies may run out today
    [one] All is well. Supplies last about one more day
   *[other] All is well. Supplies last about { NUMBER($days_left) } more days
 }
status-unknown = No news from it yet
status-closed = { $closed_reason ->
    [returned] Your return is complete
    [transferred] This product has a new owner
    [retired] This product has been retired
    [lapsed] We have not heard from each other for a while
    [ended] You are no longer connected with this product
   *[other] There is nothing left to do here
 }

reason-connecting-to-device = Connecting to the printer
reason-cover-open = A cover is open
reason-developer-empty = Developer used up
reason-developer-low = Developer running low
reason-door-open = A door is open
reason-fuser-over-temp = Fuser too hot
reason-fuser-under-temp = Fuser still cold
reason-input-tray-missing = Paper tray missing
reason-interlock-open = Safety lock open
reason-interpreter-resource-unavailable = The document needs something the printer does not have
reason-marker-supply-empty = Ink or toner used up
reason-marker-supply-low = Ink or toner running low
reason-marker-waste-almost-full = Waste container almost full
reason-marker-waste-full = Waste container full
reason-media-empty = Out of paper
reason-media-jam = Paper jam
reason-media-low = Little paper left
reason-media-needed = Other paper needed
reason-moving-to-paused = About to pause
reason-none = All is well
reason-opc-life-over = Drum used up
reason-opc-near-eol = Drum nearly used up
reason-other = Something needs a look
reason-output-area-almost-full = Output tray almost full
reason-output-area-full = Output tray full
reason-output-tray-missing = Output tray missing
reason-paused = Paused
reason-shutdown = Switched off
reason-spool-area-full = Memory full
reason-stopped-partly = One part has stopped
reason-stopping = Stopping
reason-timed-out = The printer does not answer
reason-toner-empty = Out of toner
reason-toner-low = Toner running low
