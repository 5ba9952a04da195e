# Guides for faults. Short steps, in the order in which hands do them.

item-clear-jam = Clear the paper jam
    .detail = About two minutes, and no tools.
    .step-1 = Switch the printer off, and let it cool down for a minute.
    .step-2 = Pull out the paper tray, and take out sheets that are creased or half drawn in.
    .step-3 = Open the door at the back.
    .step-4 = Pull the jammed sheet out slowly with both hands, in the direction in which paper travels.
    .step-5 = If the sheet tears, look for every scrap: a small one is enough for the next jam.
    .step-6 = Fan the paper, put it back below the mark, and push the tray in until it clicks.
    .step-7 = Close the rear door, and switch the printer on. It goes on with your document.

item-close-cover = Close what is open
    .detail = The printer waits for safety's sake until everything is shut.
    .step-1 = Look at the lid on top: it is open, or not quite shut.
    .step-2 = Take out what is in the way: paper, packing tape, or a cartridge that is not quite in.
    .step-3 = Close the lid, and press on both sides until it clicks.
    .step-4 = If it still says open, open and close the doors at the front and at the back once as well.

item-close-door = Close the door
    .detail = The printer waits for safety's sake until it is shut.
    .step-1 = Open the front door once, all the way.
    .step-2 = See that nothing sticks out: paper, packing tape, or a cartridge that is not quite in.
    .step-3 = Push the door shut in the middle until it clicks.
    .step-4 = Do the same with the door at the back.
    .step-5 = If it still says open, ask an expert: the switch behind the door may be worn.

item-release-lock = Close the safety lock
    .detail = A switch behind a cover keeps it still while somebody could reach in.
    .step-1 = Switch the printer off, so that nothing moves.
    .step-2 = Open the front door, and take out paper or tape that sits where it shuts.
    .step-3 = Look for the small peg on the door that presses the switch. It must be whole: do not press the switch with anything else.
    .step-4 = Close every cover firmly: the lid, the front, the back.
    .step-5 = Switch it on. If the message stays, ask an expert.

item-load-paper = Load paper
    .detail = { $reason ->
        [unknown] The right paper, below the mark.
       *[other] It says: { $reason }.
     }
    .step-1 = Pull out the paper tray.
    .step-2 = Take paper of the size that your document asks for.
    .step-3 = Fan the stack, and knock it even.
    .step-4 = Put it in below the mark.
    .step-5 = Slide the guides to the paper so that they touch it and do not bend it.
    .step-6 = Push the tray in. If the display asks for size or type, confirm what you put in.

item-top-up-paper = Top up the paper
    .detail = It still prints: a good moment to do it.
    .step-1 = Wait until no page is being printed.
    .step-2 = Pull out the tray, and take out what is left in it.
    .step-3 = Put it together with the new paper, and fan it all once.
    .step-4 = Put it in below the mark.
    .step-5 = Push the tray in until it clicks.

item-change-paper = Put in the paper it asks for
    .detail = The document wants another size or type.
    .step-1 = Read on the display which size and type it wants.
    .step-2 = If you have it, pull out the tray, and take out the other paper.
    .step-3 = Put in the right paper, below the mark.
    .step-4 = Slide the guides to the paper so that they touch it and do not bend it.
    .step-5 = Push the tray in, and confirm size and type on the display.
    .step-6 = If you do not have it, cancel the document, and print it again for the paper that you have.

item-insert-tray = Put the paper tray back
    .detail = The printer does not feel its tray.
    .step-1 = Pull the tray out all the way, if it is half in.
    .step-2 = Take out anything that lies behind it.
    .step-3 = Lift the tray slightly, and push it in level until it clicks.
    .step-4 = If it still does not feel the tray, print from another one, and ask an expert.

item-insert-output-tray = Put the output tray back
    .detail = Without it, pages would land on the floor.
    .step-1 = Find the output tray. It is often folded in, or still in the box.
    .step-2 = Hook it in straight on both sides.
    .step-3 = Fold out the stop at its end, so that pages stay on it.

item-empty-output = Empty the output tray
    .detail = Ten seconds, and it goes on by itself.
    .step-1 = Take all pages out of the output tray.
    .step-2 = Check that no sheet hangs in the slot above it.
    .step-3 = Fold out the stop, so that the next pages do not slide off.

item-change-toner = Change the toner
    .detail = { $level ->
        [error] It cannot print until this is done.
       *[other] It still prints. A new cartridge should be at hand.
     }
    .step-1 = Check that the new cartridge has the same number as the one that is in.
    .step-2 = Open the front door, and pull the old cartridge out towards you.
    .step-3 = Unpack the new one, and rock it five times from side to side.
    .step-4 = Pull off the sealing strip.
    .step-5 = Slide it in along the rails until it clicks. Do not touch the roller or the contacts.
    .step-6 = Close the door, and wait half a minute while the printer gets ready.
    .step-7 = Put the old cartridge into the box of the new one, and hand it in for recycling.

item-stretch-toner = Get more out of the toner
    .detail = Until the new cartridge is here.
    .step-1 = Open the front door, and pull the cartridge out towards you.
    .step-2 = Rock it five times from side to side: what is left spreads evenly.
    .step-3 = Slide it back in until it clicks, and close the door.
    .step-4 = Choose toner-save mode for drafts.

item-change-cartridge = Change the ink or toner cartridge
    .detail = { $level ->
        [error] It cannot print until this is done.
       *[other] It still prints. A new cartridge should be at hand.
     }
    .step-1 = See on the display which colour it is.
    .step-2 = Check that the new cartridge has the right colour and number.
    .step-3 = Open the lid with the printer switched on, and wait until nothing moves any more.
    .step-4 = Release the old cartridge, and take it out.
    .step-5 = Pull the protective strip off the new one. Do not touch the metal.
    .step-6 = Push it in until it clicks.
    .step-7 = Close the lid. The printer says when it is ready.

item-stretch-ink = Get by until the new cartridge is here
    .detail = What is left lasts longer so.
    .step-1 = Choose draft quality, and black only where colour does not matter.
    .step-2 = Leave the old cartridge in: without one, what is in the head dries.
    .step-3 = Do not clean the print head now: that uses ink.

item-change-waste-box = Change the waste container
    .detail = It collects what does not end up on paper.
    .step-1 = Lay newspaper under the printer: toner stains.
    .step-2 = Open the door in front of the container, and pull the container out level.
    .step-3 = Close it with its caps. Do not empty it for using it again: the dust is bad for you and for the printer.
    .step-4 = Push in the new container until it clicks, and close the door.

item-change-developer = Change the developer
    .detail = On many models this is a job for a service technician.
    .step-1 = See in the manual whether your model has a developer unit that you may change.
    .step-2 = If so, switch the printer off, and let it cool down for ten minutes.
    .step-3 = Take out the toner first, and then the developer unit, and put in the new one.
    .step-4 = If not, or if you are not sure, choose “Ask an expert” below: we arrange it.

item-change-drum = Change the drum
    .detail = { $level ->
        [error] It cannot print until this is done.
       *[other] It still prints, but pages may get faint or streaky.
     }
    .step-1 = Open the front door, and take out the toner together with the drum.
    .step-2 = Press the lever, and lift the toner off the drum.
    .step-3 = Unpack the new drum away from bright light, and do not touch its surface.
    .step-4 = Put the toner into the new drum, and both back into the printer.
    .step-5 = Close the door, and reset the drum counter if the display asks for it.

item-let-it-cool = Let the printer cool down
    .detail = The fuser, which fixes the toner, is too hot. Please do not touch it.
    .step-1 = Do not reach inside: the fuser at the back is hot.
    .step-2 = Leave the printer on, and close all doors: its fan cools it best.
    .step-3 = Check that the air slots are free, a hand's width from the wall.
    .step-4 = Wait for about 20 minutes.
    .step-5 = If the message stays, switch it off and pull the plug. Then ask an expert: do not go on printing.

item-let-it-warm-up = Let the printer warm up
    .detail = The fuser, which fixes the toner, is not warm enough yet.
    .step-1 = Leave the printer on for five minutes.
    .step-2 = Plug it straight into the wall: on a power strip it may get too little.
    .step-3 = In a cold room, below 10 °C, let it stand warmer first.
    .step-4 = If the message stays, switch it off for a minute and on again. If it comes back, ask an expert.

item-resume = Let it go on
    .detail = Somebody, or a computer, has paused it.
    .step-1 = Press the Resume or OK button on the printer.
    .step-2 = If it pauses again, open the print queue on the computer that sent the document.
    .step-3 = Choose Resume there, and check that “Use printer offline” is not ticked.

item-make-room = Make room in its memory
    .detail = More is waiting than it can hold.
    .step-1 = Wait until the page that is being printed is out.
    .step-2 = Cancel what nobody needs any more, on the display or on the computer.
    .step-3 = Send large documents again in parts, for instance 20 pages at a time.
    .step-4 = If it stays full, switch the printer off for a minute: that empties its memory.

item-send-as-pdf = Send the document in another form
    .detail = It uses a font or a function that this printer does not have.
    .step-1 = Cancel the document in the print queue.
    .step-2 = Save it as a PDF on your computer or phone, with fonts embedded.
    .step-3 = Print the PDF. If that fails as well, choose “Print as image” in the print dialogue.

item-partly-stopped = Find the part that has stopped
    .detail = The rest goes on working.
    .step-1 = See on the display which part it is: a tray, an output, the scanner.
    .step-2 = Follow what the display says about it, and confirm with OK.
    .step-3 = Until then, choose another tray or output when you print.

item-switch-on-again = Switch it on again
    .detail = It is shutting down, or already off.
    .step-1 = Wait until all lights are out.
    .step-2 = Check that the plug sits firmly, and that the socket has power.
    .step-3 = Press the power button, and wait for two minutes until it is ready.

item-restore-connection = Restore the connection
    .detail = It does not answer what is sent to it.
    .step-1 = Switch the printer off, wait for ten seconds, and switch it on.
    .step-2 = Check its network light. If it blinks, it is looking for your Wi-Fi.
    .step-3 = Check that your phone has a connection over the same Wi-Fi.
    .step-4 = If not, pull the router's plug for ten seconds, and wait for three minutes.
    .step-5 = If the light still blinks, choose your Wi-Fi again in the printer's network menu.

item-wait-for-connection = Give it a minute to connect
    .detail = Something is on its way to the printer, and waits for it to answer.
    .step-1 = Wait for a minute: mostly it goes on by itself.
    .step-2 = See whether the printer sleeps, and press any button to wake it.
    .step-3 = Check its network light. If it blinks, it is looking for your Wi-Fi.
    .step-4 = If nothing changes, switch the printer off, wait for ten seconds, and switch it on.

item-check-display = See what the display says
    .detail = The printer reports a problem, and not which.
    .step-1 = Read the message on the printer's display, or note which lights blink.
    .step-2 = Look for anything that is open, empty or stuck: covers, paper, cartridges.
    .step-3 = Switch it off for a minute, and on again.
    .step-4 = If the message comes back, ask an expert and send the words of the message along.

item-fix = { $this_reason }
    .detail = We have no guide for exactly this. These steps often help.
    .step-1 = See whether the printer's display says what to do about “{ $this_reason }”.
    .step-2 = Check that everything is closed, plugged in and filled.
    .step-3 = Switch the printer off for a minute, and on again.
    .step-4 = If it stays, ask an expert: they already see this message.

item-no-reason-told = Find out what it needs
    .detail = The printer asks for help without saying why.
    .step-1 = Read its display, or note which lights blink.
    .step-2 = Check paper, cartridges and covers.
    .step-3 = Switch it off for a minute, and on again. If nothing changes, ask an expert.
