// A swipe of one finger along the line of reading; what goes up or down is left to scrolling.

const FAR_PX = 48;

/** onswipe("left" or "right"), as the finger went over `element`. */
export function swiped(element, onswipe) {
  let from = null;
  const begin = (event) => { from = event.pointerType === "touch" && event.isPrimary ? { x: event.clientX, y: event.clientY } : null; };
  const end = (event) => {
    if (!from) return;
    const [across, along] = [event.clientX - from.x, event.clientY - from.y];
    from = null;
    if (Math.abs(across) > FAR_PX && Math.abs(across) > 2 * Math.abs(along)) onswipe(across < 0 ? "left" : "right");
  };
  element.classList.add("swipes");
  element.addEventListener("pointerdown", begin);
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", () => { from = null; });
}
