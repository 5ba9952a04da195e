# Items of each stage, and those of every stage. Faults have their own file.

item-expert = { $has_case ->
    [yes] Your conversation with our expert
   *[no] Ask an expert
 }
    .detail = { $has_case ->
        [yes] Read the answers, and write back.
       *[no] A person answers, and sees what you see.
     }
    .badge = { $unread ->
        [0] { "" }
        [one] { $unread } new answer
       *[other] { NUMBER($unread) } new answers
     }

item-export = Take your data with you
    .detail = Everything that we hold of you, in one file.

item-opt-out = Leave, and have everything erased
    .detail = At once and everywhere. The product goes on working.
    .confirm = This erases everything that connects you with your products, and cannot be undone. You get a signed receipt. Do you want to leave?

item-make-it-yours = Make it yours
    .detail = With the code from the box. Then this menu can do more for you.

item-is-it-yours = Is it yours?
    .detail = Somebody has made it theirs. If you have got it from them, they hand it over to you from their own menu; a code opens it when it is nobody's.

item-ask-for-an-invitation = Ask for an invitation
    .detail = Whoever has made it theirs can let you in.
    .step-1 = Ask them to open this menu, and there “People”.
    .step-2 = They invite you into the household, or as a guest for a time.
    .step-3 = Open the link, or scan it. Then you see from anywhere how it is.

item-seen-from-beside = You see this because you stand at it
    .detail = It is somebody's. When you go, this menu shows the model alone.

item-compare = Compare
    .detail = Side by side with others.

item-watch = See it at work

item-product-page = All about the { $model }

item-coupon = Your { $coupon } coupon
    .detail = { $coupon_expires ->
        [unknown] Show it at the till.
       *[other] Show it at the till until { DATETIME($coupon_expires, dateStyle: "long") }.
     }

item-get-coupon = Get your { $offer } coupon
    .detail = For you alone, to be used once.

item-route-to-shelf = The way to the shelf
    .detail = { $shop }

item-nearest-shop = The nearest shop
    .detail = See it and touch it.

item-ask-an-owner = Ask what owners say of it
    .detail = An expert answers you here.

item-order-now = Order it
    .detail = Delivered to your door.

item-specifications = Specifications

item-track = Where is my coffee machine?
    .detail = { $promised ->
        [unknown] Follow it with { $carrier ->
            [unknown] the carrier
           *[other] { $carrier }
         }.
       *[other] Promised for { DATETIME($promised, dateStyle: "full") }.
     }

item-where-is-it = Where is my coffee machine?
    .detail = { $promised ->
        [unknown] As soon as the carrier has it, you can follow it here.
       *[other] Promised for { DATETIME($promised, dateStyle: "full") }.
     }

item-what-happened = What happened
    .detail = { $parcel_detail ->
        [unknown] { $parcel ->
            [failed] The carrier could not deliver your parcel.
           *[other] Your parcel has not arrived when it should. Choose below what you would like.
         }
       *[other] { $parcel_detail }
     }

item-track-late = See what the carrier says

item-wait = I wait
    .detail = This menu changes by itself as soon as there is news.

item-call-me-about-parcel = Let an expert look into it
    .detail = They see your order, and answer you here.

item-cancel-order = Cancel the order
    .detail = An expert passes your wish on to the shop, and answers you here.
    .confirm = Do you want to ask for the order to be cancelled?

item-training = Get to know it before it arrives
    .detail = A short film.

item-prepare-wifi = Prepare your Wi-Fi
    .detail = So that it is set up in minutes.
    .step-1 = Find the name and the password of your Wi-Fi. They often stand on the router.
    .step-2 = Many coffee machines hear 2.4 GHz alone. If your router has two names, note the one without “5G”.
    .step-3 = Go with your phone to where the coffee machine will stand, and check that Wi-Fi is good there.
    .step-4 = If it is weak, choose a place nearer to the router.

item-steps-left = What is still to do
    .detail = { $steps_done } of { $steps_all } steps are done. The next one shows here as soon as you are beside the coffee machine.

item-step = { $step_name }
    .next = Next
    .seen = { $step_by ->
        [device] Done: the coffee machine saw it.
        [customer] Done: you ticked it.
        [expert] Done: our expert confirmed it.
       *[other] Done.
     }
    .ticks-itself = The coffee machine ticks this by itself.

item-call-me-about-install = Set it up with an expert
    .detail = They see how far you are, and answer you here.

item-video-guide = Video guide
    .detail = Every step, to look at and pause.

item-exchange = Exchange it
    .detail = An expert arranges it with you, here.
    .confirm = Do you want to ask for another coffee machine in exchange for this one?

item-install-video = Watch how it is done

item-reorder = Order supplies
    .detail = { $days_left ->
        [0] They may run out today
        [one] They last about one more day
       *[other] They last about { NUMBER($days_left) } more days
     }

item-reorder-soon = Reorder in good time
    .detail = { $days_left ->
        [unknown] { $reason }
        [0] { $reason }: it may run out today
        [one] { $reason }: about one day left
       *[other] { $reason }: about { NUMBER($days_left) } days left
     }

item-share = Recommend it to a friend
    .detail = Your own link.

item-survey-nps = How likely are you to recommend it to a friend?
    .detail = One tap, from 0 to 10.
    .choice-0 = 0, not at all
    .choice-10 = 10, certainly

item-survey-csat = How content are you with the help you got?
    .detail = One tap.
    .choice-1 = Not at all content
    .choice-2 = Not content
    .choice-3 = So-so
    .choice-4 = Content
    .choice-5 = Very content

item-survey-ces = How easy was it to set up?
    .detail = One tap.
    .choice-1 = Very hard
    .choice-2 = Hard
    .choice-3 = Rather hard
    .choice-4 = So-so
    .choice-5 = Rather easy
    .choice-6 = Easy
    .choice-7 = Very easy

item-not-heard-yet = Bring it online
    .detail = We have not heard from it yet.
    .step-1 = Switch it on.
    .step-2 = Connect it to your Wi-Fi in its network menu.
    .step-3 = Wait for two minutes: its state then shows here.

item-what-is-wrong = What is wrong
    .detail = { $reason ->
        [unknown] It has stopped and gave no reason. Somebody has to look at its display.
       *[other] { $reason }. Somebody has to do something at the coffee machine; the guide shows here as soon as you are beside it.
     }

item-tell-household = Ask somebody at home
    .detail = Pass this on to whoever can reach the coffee machine.
    .step-1 = Ask somebody at home to go to the coffee machine with their phone.
    .step-2 = Let them scan the QR code on it: their phone then shows what it says of itself, without an app.
    .step-3 = Let them tell you what they see. This menu changes by itself when the coffee machine works again.

item-offline-power = It is switched off
    .detail = { $last_reason ->
        [unknown] Or its plug is out.
       *[other] Or its plug is out. Its last words: { $last_reason }.
     }
    .step-1 = See whether any light is on.
    .step-2 = Check the plug, the power strip and the socket.
    .step-3 = Press the power button, and wait for two minutes.

item-firmware = Its software
    .detail = { $firmware ->
        [unknown] There is news about its software.
       *[other] Version { $firmware }. There is news about it.
     }
    .step-1 = Leave the coffee machine on and connected: updates come by themselves.
    .step-2 = Do not switch it off while its display shows an update.
    .step-3 = If an update fails, it goes on with the version it has, and tries again.

item-new-wifi = A new router or password
    .detail = Let the coffee machine into your new Wi-Fi.
    .step-1 = Find the new name and password. They often stand on the router.
    .step-2 = Open the network menu on the coffee machine's display, and choose the new Wi-Fi.
    .step-3 = Type in the password. Capital and small letters count.
    .step-4 = Wait until the network light stays on.

item-stand-beside-it = Stand at it to see how it is
    .detail = It is somebody's. How it is shows to them, to whom they let in, and to whoever stands at it.
    .step-1 = The coffee machine sends a beacon by Bluetooth that changes every few minutes. A phone that reports it stands there.
    .step-2 = It takes an app that hears beacons. A browser alone does not hear them: then ask for an invitation.
    .step-3 = This menu then shows how it is, for ten minutes after each report.

item-first-aid = When one makes no coffee
    .detail = What helps most often with any { $model }.
    .step-1 = Look at its display: it names what it waits for.
    .step-2 = See whether the tank has water and sits firmly, and whether there are beans.
    .step-3 = Empty the drip tray and the grounds, and push them in until they click.
    .step-4 = Switch it off, wait for a minute, and switch it on again.

item-what-it-can-do = What it can do
    .detail = The { $model } in a minute.
    .step-1 = It grinds for each cup, and makes espresso, coffee and hot water.
    .step-2 = It says what it needs before you stand there without coffee, here in this menu.
    .step-3 = If something is in the way, your phone shows the fix for exactly that.
    .step-4 = A person helps whenever you ask, before and after you buy.

item-demo-not-ready = This one makes no coffee just now
    .detail = Please ask the staff.
    .step-1 = Tell somebody of the staff that this coffee machine needs help.
    .step-2 = As soon as it is ready, “Taste a coffee” appears here.

item-learn-beans = Which beans are good for it
    .detail = A minute now saves a stuck grinder later.
    .step-1 = Take whole beans that were roasted for espresso or coffee.
    .step-2 = Take none that are sugared or flavoured: they glue the grinder.
    .step-3 = Turn the grinder only while it grinds: finer for espresso, coarser when coffee comes by drops alone.

item-prepare-place = Prepare its place
    .detail = A firm worktop and a socket are enough.
    .step-1 = Leave a hand's width free on both sides, and room above for the tank and the beans.
    .step-2 = Choose a place with a socket within reach, away from the cooker.
    .step-3 = Ask your waterworks how hard your water is, or look on their web page.

item-in-the-box = What is in the box
    .step-1 = The coffee machine, with its tank and trays.
    .step-2 = A water filter.
    .step-3 = A strip that measures how hard your water is.
    .step-4 = A card with the code that makes it yours.

item-have-ready = What to have ready
    .step-1 = The name and the password of your Wi-Fi.
    .step-2 = A bag of beans, and fresh water.
    .step-3 = A large cup, a quarter of an hour, and your phone.

item-picture-guide = Setting it up in seven pictures
    .detail = For whoever would rather look than read.
    .step-1 = Take off all tape.
    .step-2 = Plug it in, and switch it on.
    .step-3 = Fill the tank with cold water.
    .step-4 = Fill in beans.
    .step-5 = Choose your Wi-Fi.
    .step-6 = Put a bowl below, and let it rinse.
    .step-7 = Make the first coffee.

item-usage = How much coffee you make
    .detail = { $usage_cups_total ->
        [0] No cup yet
        [one] One cup so far
       *[other] { NUMBER($usage_cups_total, maximumFractionDigits: 0) } cups so far
     }
    .step-1 = Rinse the brew unit once a week: old oils taste bitter.
    .step-2 = Fill in beans for two days at most: they keep better in their bag.
    .step-3 = Use a filter, and it asks for descaling half as often.

item-make-coffee = A better cup
    .detail = Three turns of the hand.
    .step-1 = Warm the cup with hot water first, and move the spouts down to it.
    .step-2 = Choose strength and amount on the display, and keep what you like as your own.
    .step-3 = If it tastes sour, grind finer; if bitter, coarser. One mark at a time.

item-clean-outside = Clean it outside
    .detail = A soft, damp cloth is enough.
    .step-1 = Switch it off, and let it cool down.
    .step-2 = Wipe it with a damp cloth. No scouring powder.
    .step-3 = Rinse the drip tray, and dry it.

item-offline-network = It has lost the network
    .detail = Often the router, or a new Wi-Fi password.
    .step-1 = Check whether other devices have a connection over the same Wi-Fi.
    .step-2 = If not, pull the router's plug for ten seconds, and wait for three minutes.
    .step-3 = Choose your Wi-Fi in the machine's settings again, and type in the password.

item-brew-sample = Taste a coffee
    .done = Your coffee is ready
    .detail = { $proven ->
        [yes] This machine makes a cup for you.
       *[no] Hold your phone close to this machine, so that it knows you are there.
     }

item-rinse = Rinse it now
    .detail = A short rinse with hot water. Put a cup below.
    .confirm = Hot water comes out. Is a cup below the spouts?
    .done = Rinsed

item-first-rinse-now = Let it rinse
    .detail = Put a bowl below the spouts first.
    .confirm = Hot water comes out. Is a bowl below the spouts?
    .done = Rinsed

item-restart = Restart it from here
    .detail = Helps surprisingly often, though not against an empty tank.
    .confirm = Restart the coffee machine now?
    .done = It is back

item-supply = { $supply_name }
    .detail = { $supply_days ->
        [unknown] Nobody can tell yet how long it lasts
        [0] May run out today
        [one] Lasts about one more day
       *[other] Lasts about { NUMBER($supply_days) } more days
     }
    .badge = { $supply_level ->
        [unknown] { "" }
        [some] some left
       *[other] { $supply_level }
     }

step-unpack = Unpack it
    .detail = Take off every strip of tape.
    .step-1 = Lift the machine out of the box by its base.
    .step-2 = Take off all tape, also inside the door at the side and below the tank.
    .step-3 = Put it where it will stay.

step-power_on = Switch it on
    .detail = It wakes up in half a minute.
    .step-1 = Plug it into a wall socket.
    .step-2 = Press the power button, and choose your language on the display.

step-set_hardness = Tell it how hard your water is
    .detail = Then it knows when to descale.
    .step-1 = Hold the strip into tap water for a second, and count the coloured fields after a minute.
    .step-2 = Choose this number on the display.

step-fill_water = Fill the tank
    .detail = With fresh cold water.
    .step-1 = Lift the tank out.
    .step-2 = Press the water filter in.
    .step-3 = Fill the tank up to the mark.
    .step-4 = Put it back until it sits firmly.

step-fill_beans = Fill in beans
    .detail = Whole ones, and not sugared.
    .step-1 = Open the lid on top.
    .step-2 = Fill in beans up to the rim.
    .step-3 = Close the lid.

step-connect_network = Connect it to your Wi-Fi
    .detail = Then it can say what it needs.
    .step-1 = Find the name and the password of your Wi-Fi.
    .step-2 = Choose it on the display, and type in the password. Capital and small letters count.

step-first_rinse = Let it rinse once
    .detail = It washes out what is left of the factory.
    .step-1 = Put a large bowl below the spouts.
    .step-2 = Start the first rinse on the display, or here.

step-first_cup = Make the first coffee
    .detail = The third one is the first good one.
    .step-1 = Put a cup below the spouts.
    .step-2 = Choose a coffee on the display.
    .step-3 = Pour the first two away: the grinder finds its measure.

step-register_warranty = Keep the receipt
    .detail = For the warranty.
    .step-1 = Take a picture of the receipt, and keep it with your papers.
