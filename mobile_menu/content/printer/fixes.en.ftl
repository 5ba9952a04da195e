# Guides for faults. Short steps, in the order in which hands do them.

item-clear-jam = Clear the paper jam
    .detail = About two minutes, and no tools.
    .step-1 = Switch the printer off, and let it cool down for a minute.
    .step-2 = Pull out the paper tray, and take out sheets that are creased or half drawn in.
    .step-3 = Open the rear door, and pull the jammed sheet out slowly with both hands, in the direction in which paper travels.
    .step-4 = If the sheet tears, look for every scrap: a small one is enough for the next jam.
    .step-5 = Fan the paper, put it back below the mark, and push the tray in until it clicks.
    .step-6 = Close the rear door, and switch the printer on. It goes on with your document.

item-close-cover = Close what is open
    .detail = The printer waits for safety's sake until everything is shut.
    .step-1 = Look at the top cover, the front door and the rear door: one of them stands open.
    .step-2 = Check that nothing is in the way, such as paper, packing tape or a cartridge that is not quite in.
    .step-3 = Close it firmly on both sides, until you hear it click.
    .step-4 = If it still says open, open and close the others once as well.

item-load-paper = Load paper
    .detail = { $reason ->
        [unknown] The right paper, below the mark.
       *[other] It says: { $reason }.
     }
    .step-1 = Pull out the paper tray.
    .step-2 = Check which size the document asks for, and take paper of that size.
    .step-3 = Fan the stack, knock it even, and put it in below the mark.
    .step-4 = Slide the guides to the paper so that they touch it and do not bend it.
    .step-5 = Push the tray in. If the display asks for size or type, confirm what you put in.

item-insert-tray = Put the paper tray back
    .detail = The printer does not feel its tray.
    .step-1 = Pull the tray out all the way, if it is half in.
    .step-2 = Take out anything that lies behind it.
    .step-3 = Lift the tray slightly, and push it in level until it clicks.

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
    .step-3 = Rock the new one five times from side to side, and then pull off the sealing strip.
    .step-4 = Slide it in along the rails until it clicks. Do not touch the drum or the contacts.
    .step-5 = Close the door, and wait half a minute while the printer gets ready.
    .step-6 = Put the old cartridge into the box of the new one, and hand it in for recycling.

item-change-cartridge = Change the ink or toner cartridge
    .detail = { $level ->
        [error] It cannot print until this is done.
       *[other] It still prints. A new cartridge should be at hand.
     }
    .step-1 = See on the display which colour it is.
    .step-2 = Check that the new cartridge has the right colour and number.
    .step-3 = Open the cover with the printer switched on, and wait until nothing moves any more.
    .step-4 = Release the old cartridge, and take it out.
    .step-5 = Take the protective strip off the new one, and push it in until it clicks.
    .step-6 = Close the cover. The printer says when it is ready.

item-change-waste-box = Change the waste container
    .detail = It collects what does not end up on paper.
    .step-1 = Lay newspaper under the printer: toner stains.
    .step-2 = Open the door in front of the container, and pull the container out level.
    .step-3 = Close it with its caps, and do not empty it for using it again: the dust is bad for you and for the printer.
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
    .step-2 = Press the lever, and separate the toner from the drum.
    .step-3 = Unpack the new drum away from bright light, and do not touch its surface.
    .step-4 = Put the toner into the new drum, and both back into the printer.
    .step-5 = Close the door, and reset the drum counter if the display asks for it.

item-let-it-cool = Let the printer cool down
    .detail = The fuser, which fixes the toner, is too hot. Please do not touch it.
    .step-1 = Leave the printer on, and close all doors: its fan cools it best.
    .step-2 = Check that the air slots are free, a hand's width from the wall.
    .step-3 = Wait for about 20 minutes.
    .step-4 = If the message stays, switch it off and pull the plug. Then ask an expert: do not go on printing.

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

item-send-as-pdf = Send the document in another form
    .detail = It uses a font or a function that this printer does not have.
    .step-1 = Cancel the document in the print queue.
    .step-2 = Save it as a PDF on your computer or phone, with fonts embedded.
    .step-3 = Print the PDF. If that fails as well, choose “Print as image” in the print dialogue.

item-partly-stopped = Find the part that has stopped
    .detail = The rest goes on working.
    .step-1 = See on the display which part it is: a tray, an output, the scanner.
    .step-2 = Follow what the display says about it.
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
    .step-3 = Check that your phone has a connection over the same Wi-Fi. If not, restart the router.
    .step-4 = Choose your Wi-Fi again in the printer's network menu, if its light still blinks.

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
