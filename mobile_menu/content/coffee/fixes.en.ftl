# Guides for faults and for what it asks for. Short steps, in the order in which hands do them.

item-fill-water = Fill the tank
    .detail = Half a minute.
    .step-1 = Lift the tank out at its grip.
    .step-2 = Fill it with fresh cold water up to the mark. No mineral water, and nothing warm.
    .step-3 = Put it back, and press it down until it sits firmly.

item-seat-tank = Seat the tank
    .detail = It does not feel its tank.
    .step-1 = Lift the tank out, and look whether anything lies below it.
    .step-2 = Put it in straight.
    .step-3 = Press it down and towards the machine until it clicks.

item-fill-beans = Fill in beans
    .detail = It grinds again at once.
    .step-1 = Open the lid on top.
    .step-2 = Fill in whole beans. Nothing ground, and nothing sugared.
    .step-3 = Close the lid: it keeps the aroma.
    .step-4 = The first cup after an empty grinder may be thin. The second one is as usual.

item-close-lid = Close the bean lid
    .detail = It does not grind while the lid is open.
    .step-1 = Press the lid down on all sides.
    .step-2 = If it does not shut, take out the bean that lies on the rim.

item-empty-grounds = Empty the grounds
    .detail = With the machine on, so that it counts from zero again.
    .step-1 = Pull the drip tray out with the container for grounds.
    .step-2 = Empty the grounds into the organic waste, and rinse the container.
    .step-3 = Push both in until they click, and wait for five seconds.

item-empty-drip-tray = Empty the drip tray
    .detail = The red float shows that it is full.
    .step-1 = Pull the tray out slowly, and keep it level.
    .step-2 = Pour it out, and rinse it.
    .step-3 = Wipe the contacts at the back dry.
    .step-4 = Push it in until it clicks.

item-insert-tray = Put the drip tray in
    .detail = Without it, water would run over your worktop.
    .step-1 = Push the tray in level until it clicks.
    .step-2 = If it is not felt, wipe the contacts at its back dry, and try again.

item-close-door = Close the service door
    .detail = The machine waits for safety's sake until it is shut.
    .step-1 = Open the door at the side once, all the way.
    .step-2 = Push the brew unit in until it clicks: when it stands out, the door does not shut.
    .step-3 = Press the door shut in the middle.

item-insert-unit = Put the brew unit in
    .detail = It is missing, or not quite in.
    .step-1 = Open the door at the side.
    .step-2 = Push the brew unit in until it clicks. Its arrows have to meet; if they do not, turn the lever to the mark.
    .step-3 = Close the door.
    .step-4 = Switch the machine on: it brings the unit into place by itself.

item-clear-grinder = Free the grinder
    .detail = Something hard lies in it, mostly a small stone.
    .step-1 = Switch the machine off, and pull its plug.
    .step-2 = Open the lid, and take the beans out with a spoon or a vacuum cleaner. No fingers in the grinder.
    .step-3 = Turn the knob to the coarsest mark.
    .step-4 = Plug it in, fill in new beans, and make one cup.
    .step-5 = If it is still stuck, ask an expert. Do not open the housing.

item-bring-water = Bring the water through
    .detail = Air in the pipe, mostly after an empty tank.
    .step-1 = Lift the tank out, and fill it.
    .step-2 = If a filter is in it, shake it under water until no bubbles rise.
    .step-3 = Press the tank in firmly.
    .step-4 = Let hot water run until it runs without a break.

item-let-cool = Let it cool down
    .detail = After much steam it protects itself.
    .step-1 = Switch it off.
    .step-2 = Wait for twenty minutes. Steam and spouts are hot.
    .step-3 = Switch it on. If it is too hot again, ask an expert.

item-descale = Descale it
    .detail = Half an hour, most of it without you.
    .step-1 = Empty the drip tray and the grounds.
    .step-2 = Take the filter out, and pour descaler and water into the tank as the pack says. No vinegar.
    .step-3 = Put a bowl of a litre and a half below the spouts.
    .step-4 = Start descaling on the display.
    .step-5 = When it asks for it, rinse the tank, fill it with fresh water, and empty the bowl.
    .step-6 = Let it rinse to the end, and put the filter back.

item-change-filter = Change the water filter
    .detail = Every two months, or when it says so.
    .step-1 = Lift the tank out, and turn the old filter loose.
    .step-2 = Shake the new one under water until no bubbles rise, and press it in.
    .step-3 = Fill the tank, and put it back.
    .step-4 = Confirm the new filter on the display: it rinses by itself.

item-clean-unit = Clean the brew unit
    .detail = Once a week: that is where taste comes from.
    .step-1 = Switch the machine off.
    .step-2 = Open the door at the side.
    .step-3 = Press the grip, and pull the brew unit out.
    .step-4 = Rinse it under warm water. No detergent, and not into the dishwasher.
    .step-5 = Let it drip off, and push it in until it clicks.
    .step-6 = Close the door.

item-no-reason-told = Find out what it needs
    .detail = The coffee machine asks for help without saying why.
    .step-1 = Read the display, or note which lights blink.
    .step-2 = Check water, beans, trays and the door at the side.
    .step-3 = Switch it off for a minute and on again. If nothing changes, ask an expert.

item-fix = { $this_reason }
    .detail = We have no guide for exactly this. These steps often help.
    .step-1 = See whether the coffee machine's display says what to do about “{ $this_reason }”.
    .step-2 = Check that everything is closed, plugged in and filled.
    .step-3 = Switch the coffee machine off for a minute, and on again.
    .step-4 = If it stays, ask an expert: they already see this message.
