# Sections, titles, status lines, state reasons.

product = coffee machine

progress = { $progress ->
    [queued] On its way to the coffee machine
    [sent] On its way to the coffee machine
    [waiting] The coffee machine is offline. It does this if it is back within { $progress_lasts_min ->
        [one] one minute
       *[other] { $progress_lasts_min } minutes
     }.
    [accepted] The coffee machine has it
    [running] { $progress_percent ->
        [unknown] The coffee machine is at it
       *[other] The coffee machine is at it: { $progress_percent } %
     }
    [done] Done
    [expired] Not done: the coffee machine did not answer in time
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
status-demo = { $level ->
    [ok] Ready to make a coffee for you
    [busy] Making a coffee for somebody else at the moment
    [attention] Ready to make a coffee for you
   *[other] This one needs the staff first
 }
status-busy = Busy with a coffee, or warming up

reason-beans-empty = Out of beans
reason-beans-low = Beans running low
reason-brew-unit-missing = Brew unit missing
reason-cleaning-due = Cleaning due
reason-descale-due = Descaling needed
reason-descale-soon = Descaling due soon
reason-door-open = Service door open
reason-drip-tray-full = Drip tray full
reason-drip-tray-missing = Drip tray missing
reason-filter-worn = Water filter used up
reason-grinder-jam = Grinder stuck
reason-grounds-almost-full = Grounds container almost full
reason-grounds-full = Grounds container full
reason-lid-open = Bean lid open
reason-no-flow = No water comes through
reason-none = All is well
reason-over-temp = Too hot
reason-tank-missing = Water tank missing
reason-water-empty = Out of water
reason-water-low = Water running low
