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
item-stand-beside-it = Stand at it to see how it is
    .detail = It is somebody's. How it is shows to them, to whom they let in, and to whoever stands at it.
    .step-1 = The printer sends a beacon by Bluetooth that changes every few minutes. A phone that reports it stands there.
    .step-2 = It takes an app that hears beacons. A browser alone does not hear them: then ask for an invitation.
    .step-3 = This menu then shows how it is, for ten minutes after each report.
item-seen-from-beside = You see this because you stand at it
    .detail = It is somebody's. When you go, this menu shows the model alone.
item-first-aid = When one does not print
    .detail = What helps most often with any { $model }.
    .step-1 = Look at its display: it names what it waits for.
    .step-2 = See whether there is paper, and whether every cover and tray is closed.
    .step-3 = Look for paper that is stuck, at the back too, and pull it out slowly.
    .step-4 = Switch it off, wait for ten seconds, and switch it on again.

item-what-it-can-do = What it can do
    .detail = The { $model } in a minute.
    .step-1 = It prints from phones, tablets and computers, without a cable.
    .step-2 = It says what it needs before it runs out, here in this menu.
    .step-3 = If something is stuck, your phone shows the fix for exactly that.
    .step-4 = A person helps whenever you ask, before and after you buy.
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
item-ask-for-the-shelf = The way to the shelf
    .detail = At { $shop }
    .step-1 = Go to the department for printers.
    .step-2 = Look for { $model } on the shelf label.
    .step-3 = If you do not see it, show this page to somebody of the staff: they know where it stands.
item-nearest-shop = The nearest shop
    .detail = See it and touch it.
item-ask-an-owner = Ask what owners say of it
    .detail = An expert answers you here.
item-order-now = Order it
    .detail = Delivered to your door.
item-print-sample = Print a sample
    .done = Your sample lies in the tray
    .detail = { $proven ->
        [yes] This printer prints a page for you.
       *[no] Hold your phone close to this printer, so that it knows you are there.
     }
item-demo-not-ready = This one cannot print just now
    .detail = Please ask the staff.
    .step-1 = Tell somebody of the staff that this printer needs help.
    .step-2 = Look at the pages in its tray until then: it printed them.
    .step-3 = As soon as it is ready, “Print a sample” appears here.
item-specifications = Specifications

item-track = Where is my printer?
    .detail = { $promised ->
        [unknown] Follow it with { $carrier ->
            [unknown] the carrier
           *[other] { $carrier }
         }.
       *[other] Promised for { DATETIME($promised, dateStyle: "full") }.
     }
item-where-is-it = Where is my printer?
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
item-learn-paper = How paper is loaded
    .detail = A minute now saves a jam later.
    .step-1 = Paper lies in the tray at the bottom. It pulls out like a drawer.
    .step-2 = Fan the paper before you put it in, so that no two sheets stick together.
    .step-3 = The stack ends below the mark. Too much paper is the most common reason for a jam.
    .step-4 = The guides touch the paper and do not bend it.
    .step-5 = Push the tray in until it clicks.
item-learn-print = How you will print from your phone
    .detail = Nothing to install for it.
    .step-1 = Open a picture or a document, and choose Share and then Print.
    .step-2 = The printer is in the list when phone and printer are in the same Wi-Fi.
    .step-3 = Choose how many, which pages and which paper, and print.
item-learn-scan = How scanning works
    .detail = If yours has a glass under its lid.
    .step-1 = Lift the lid, and lay the page on the glass with its face down, in the marked corner.
    .step-2 = Close the lid slowly, so that the page does not slip.
    .step-3 = Choose Scan or Copy on the display.
item-learn-menu = What this menu will do for you
    .detail = It changes with your printer.
    .step-1 = When the printer is here, the menu leads you through the set-up and ticks what is done.
    .step-2 = When something is missing or stuck, it shows the fix for exactly that.
    .step-3 = Whenever you like, a person helps you.
item-prepare-wifi = Prepare your Wi-Fi
    .detail = So that it is set up in minutes.
    .step-1 = Find the name and the password of your Wi-Fi. They often stand on the router.
    .step-2 = Many printers hear 2.4 GHz alone. If your router has two names, note the one without “5G”.
    .step-3 = Go with your phone to where the printer will stand, and check that Wi-Fi is good there.
    .step-4 = If it is weak, choose a place nearer to the router.
item-prepare-place = Prepare its place
    .detail = A firm table and a socket are enough.
    .step-1 = Choose a level, firm place.
    .step-2 = Keep it out of the sun and away from heaters.
    .step-3 = Leave a hand's width free behind it and beside it.
    .step-4 = Have a wall socket within reach, and a pack of paper.

item-in-the-box = What is in the box
    .step-1 = The printer, with its trays.
    .step-2 = The power cable.
    .step-3 = The first cartridges.
    .step-4 = A card with the code that makes it yours.
item-have-ready = What to have ready
    .step-1 = The name and the password of your Wi-Fi.
    .step-2 = Some paper.
    .step-3 = A quarter of an hour, and your phone.
item-steps-left = What is still to do
    .detail = { $steps_done } of { $steps_all } steps are done. The next one shows here as soon as you are beside the printer.
item-step = { $step_name }
    .next = Next
    .seen = { $step_by ->
        [device] Done: the printer saw it.
        [customer] Done: you ticked it.
        [expert] Done: our expert confirmed it.
       *[other] Done.
     }
    .ticks-itself = The printer ticks this by itself.
step-unpack = Unpack it
    .detail = Take off every strip of tape.
    .step-1 = Lift the printer out of the box, with two people if it is heavy.
    .step-2 = Take off all tape and foam on the outside.
    .step-3 = Open every door once, and take out tape and foam inside as well.
    .step-4 = Put it where it will stay.
step-power_on = Switch it on
    .detail = It wakes up in about a minute.
    .step-1 = Plug the cable into the printer and then into a wall socket.
    .step-2 = Press the power button until it lights up.
    .step-3 = Wait until the display asks for a language, and choose yours.
step-install_supplies = Put in the cartridges
    .detail = They are in the box.
    .step-1 = Open the front door.
    .step-2 = Unpack the cartridge, and rock it from side to side.
    .step-3 = Pull off the sealing strip, and do not touch the roller.
    .step-4 = Slide it in until it clicks.
    .step-5 = Close the door.
step-load_paper = Load paper
    .detail = Below the mark.
    .step-1 = Pull out the tray, and set the guides to the size of your paper.
    .step-2 = Fan the paper, and knock it even.
    .step-3 = Put it in below the mark, with the guides close to it.
    .step-4 = Push the tray in until it clicks.
step-connect_network = Connect it to your Wi-Fi
    .detail = You need the name and the password of your Wi-Fi.
    .step-1 = Have the name and the password of your Wi-Fi at hand. They often stand on the router.
    .step-2 = Open the network menu on the printer's display, and choose your Wi-Fi.
    .step-3 = Type in the password. Capital and small letters count.
    .step-4 = Wait until the network light stays on.
step-print_test_page = Print a test page
    .detail = The last step.
    .step-1 = Press OK on the printer for three seconds, or choose “Print the test page” here.
    .step-2 = Look whether all colours and lines are there.
    .step-3 = If something is missing, ask an expert: we see the same as you.
step-register_warranty = Register the warranty
    .detail = If you like: it is valid without it, too.
    .step-1 = Keep the receipt, or take a picture of it.
    .step-2 = Note the day on which you bought it.
    .step-3 = Tick this step: model and serial number are known already.
item-connect-by-wps = Connect without a password (WPS)
    .detail = If your router has a WPS button.
    .step-1 = Open the network menu on the printer's display, and choose WPS.
    .step-2 = Press the WPS button on the router within two minutes.
    .step-3 = Wait until the network light stays on.
item-connect-by-phone = Connect it by your phone
    .detail = If it has no display to type on.
    .step-1 = Hold the printer's network button for five seconds. It opens a Wi-Fi of its own.
    .step-2 = Choose in your phone's Wi-Fi settings the name that looks like { $model }.
    .step-3 = Open the maker's app, choose your own Wi-Fi in it, and type in the password.
    .step-4 = Let your phone go back to your own Wi-Fi, and open this menu again.
item-wifi-does-not-connect = It does not connect?
    .detail = The four most common reasons.
    .step-1 = Type in the password again. Capital and small letters count.
    .step-2 = Choose the Wi-Fi name without “5G”: many printers hear 2.4 GHz alone.
    .step-3 = Put the printer nearer to the router, for the set-up at least.
    .step-4 = Pull the router's plug for ten seconds, and wait for three minutes.
    .step-5 = If it still does not connect, ask an expert.
item-identify = Let it blink
    .detail = To see which printer this is about.
item-test-page-now = Print the test page
    .detail = Sent from here to your printer.
item-call-me-about-install = Set it up with an expert
    .detail = They see how far you are, and answer you here.
item-video-guide = Video guide
    .detail = Every step, to look at and pause.
item-picture-guide = The whole set-up in pictures
    .detail = At your own pace, from the box to the first page.
    .step-1 = Take off all tape and foam. Open every door once: some of it is inside.
    .step-2 = Plug it into a wall socket, and switch it on.
    .step-3 = Pull the strip off the cartridge, and slide it in until it clicks.
    .step-4 = Put in paper, below the mark, and push the tray in.
    .step-5 = Choose your Wi-Fi in the network menu, and type in the password.
    .step-6 = Press OK for three seconds: it prints a test page.
    .step-7 = Where you are stuck, tell the expert the number of the step.
item-exchange = Exchange it
    .detail = An expert arranges it with you, here.
    .confirm = Do you want to ask for another printer in exchange for this one?
item-install-video = Watch how it is done

item-supply = { $supply_color ->
    [black] Black
    [cyan] Cyan
    [magenta] Magenta
    [yellow] Yellow
   *[other] { $supply_name }
 }
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
item-reorder-soon = Reorder in good time
    .detail = { $days_left ->
        [unknown] { $reason }
        [0] { $reason }: it may run out today
        [one] { $reason }: about one day left
       *[other] { $reason }: about { NUMBER($days_left) } days left
     }
item-reorder-now = Order what is missing
    .detail = { $reason }
item-reorder = Order supplies
    .detail = { $days_left ->
        [0] They may run out today
        [one] They last about one more day
       *[other] They last about { NUMBER($days_left) } more days
     }
item-usage = What you print
    .detail = { $usage_pages_total ->
        [0] No page yet
        [one] One page so far
       *[other] { NUMBER($usage_pages_total, maximumFractionDigits: 0) } pages so far
     }
    .step-1 = Print on both sides: it halves the paper.
    .step-2 = Print drafts in toner-save mode: it makes the cartridge last longer.
    .step-3 = Print one page a week at least, so that nothing dries up.
item-tips = Tips for every day
    .step-1 = Print on both sides: it halves the paper.
    .step-2 = Print drafts in toner-save mode: it makes the cartridge last longer.
    .step-3 = Let it sleep rather than switching it off: it wakes up faster, and tells you what it needs.
item-keep-paper-dry = Paper that does not jam
    .detail = What lies in the tray decides.
    .step-1 = Keep paper dry and flat in its wrapping. Damp paper curls and sticks.
    .step-2 = Fan it before you put it in.
    .step-3 = Do not mix sizes or types in one tray, and use no sheet that is creased.
    .step-4 = Stay below the mark.
item-print = Print from your phone
    .step-1 = Open what you want to print, and choose Share and then Print.
    .step-2 = Choose { $model } in the list. Phone and printer need the same Wi-Fi.
    .step-3 = Choose copies and sides, and print.
item-scan = Scan or copy a page
    .detail = If yours has a glass under its lid.
    .step-1 = Lift the lid, and lay the page on the glass with its face down, in the marked corner.
    .step-2 = Close the lid slowly, so that the page does not slip.
    .step-3 = Choose Scan or Copy on the display.
    .step-4 = For a scan, choose where it goes: your computer, your phone or an e-mail address.
item-change-supplies = How a cartridge is changed
    .detail = To know before it is needed.
    .step-1 = Buy the cartridge with the same number as the one that is in.
    .step-2 = Open the front door, and pull the old cartridge out towards you.
    .step-3 = Rock the new one five times, and pull off the sealing strip.
    .step-4 = Do not touch the roller: it keeps every fingerprint.
    .step-5 = Slide it in until it clicks, and close the door.
    .step-6 = Hand the old one in for recycling.
item-clean-glass = Clean the glass
    .detail = When scans and copies have streaks.
    .step-1 = Switch the printer off.
    .step-2 = Lift the lid, and wipe the glass with a dry, soft cloth.
    .step-3 = For spots, moisten the cloth with a little water. Never pour anything onto the glass.
    .step-4 = Close the lid when the glass is dry.
item-clean-rollers = Clean the rollers
    .detail = When paper is drawn in crooked, or not at all.
    .step-1 = Switch the printer off, and pull its plug.
    .step-2 = Pull out the tray all the way. The rollers are behind it, at the top.
    .step-3 = Wipe the rollers with a moist cloth while you turn them.
    .step-4 = Let them dry for ten minutes, and push the tray in.
item-clean-outside = Clean it outside
    .detail = Dust in the air slots makes it hot.
    .step-1 = Switch the printer off, and pull its plug.
    .step-2 = Wipe it with a dry cloth. No water and no cleaner may run into it.
    .step-3 = Check that the air slots are free.
    .step-4 = Plug it in, and switch it on.
item-new-wifi = A new router or password
    .detail = Let the printer into your new Wi-Fi.
    .step-1 = Find the new name and password. They often stand on the router.
    .step-2 = Open the network menu on the printer's display, and choose the new Wi-Fi.
    .step-3 = Type in the password. Capital and small letters count.
    .step-4 = Wait until the network light stays on.
item-move-it = Move it to another place
    .detail = Across the room or to a new home.
    .step-1 = Switch it off, let it cool down, and pull its plug.
    .step-2 = For a longer way, take out the paper and the cartridges, and pack the cartridges in a bag.
    .step-3 = Carry it level, with two people if it is heavy.
    .step-4 = Put it on a firm place with air around it.
    .step-5 = Plug it in, and switch it on. In a new home, choose the new Wi-Fi.
item-test-page = Print a test page
item-clean-head = Clean the print head
    .detail = When pages are streaky. Uses a little ink.
    .confirm = This takes about two minutes and uses a little ink. Start?
item-firmware = Its software
    .detail = { $firmware ->
        [unknown] There is news about its software.
       *[other] Version { $firmware }. There is news about it.
     }
    .step-1 = Leave the printer on and connected: updates come by themselves.
    .step-2 = Do not switch it off while its display shows an update.
    .step-3 = If an update fails, it goes on with the version it has, and tries again.
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
       *[other] { $reason }. Somebody has to do something at the printer; the guide shows here as soon as you are beside it.
     }
item-tell-household = Ask somebody at home
    .detail = Pass this on to whoever can reach the printer.
    .step-1 = Ask somebody at home to go to the printer with their phone.
    .step-2 = Let them scan the QR code on it: their phone then shows what it says of itself, without an app.
    .step-3 = Let them tell you what they see. This menu changes by itself when the printer works again.
item-cancel-job = Cancel what it prints
    .confirm = Cancel the document that is being printed?
item-restart = Restart it from here
    .detail = Helps surprisingly often, though not against paper in the way.
    .confirm = Restart the printer now?
item-offline-network = It has lost the network
    .detail = Often the router, or a new Wi-Fi password.
    .step-1 = Check whether other devices have a connection over the same Wi-Fi.
    .step-2 = If not, pull the router's plug for ten seconds, and wait for three minutes.
    .step-3 = If they do, look at the printer's network light. If it blinks, it is looking for your Wi-Fi.
    .step-4 = Choose your Wi-Fi in its network menu again, and type in the password.
item-offline-power = It is switched off
    .detail = { $last_reason ->
        [unknown] Or its plug is out.
       *[other] Or its plug is out. Its last words: { $last_reason }.
     }
    .step-1 = See whether any light is on.
    .step-2 = Check the plug, the power strip and the socket.
    .step-3 = Press the power button, and wait for two minutes.
item-offline-sleep = It is asleep
    .detail = Some networks forget a sleeping printer.
    .step-1 = Press any button to wake it.
    .step-2 = If it happens often, choose a longer time until sleep in its menu.
    .step-3 = Send it a page: that wakes it as well.
item-offline-last-fault = It had a problem before
    .detail = { $last_reason }. Somebody may have switched it off for that.
    .step-1 = Switch it on, and wait for two minutes.
    .step-2 = If the problem is still there, the guide for it shows here by itself.
    .step-3 = If it stays silent, look at the other causes.
