// Answers what is wrong with the looks of the page, a text each. What lies in a table's own box may be wider: it scrolls.
() => {
  const flaws = [];
  const tell = (what, element) => flaws.push(`${what}: <${element.localName} class="${element.getAttribute("class") ?? ""}"> ${element.textContent.trim().slice(0, 60)}`);
  const isShown = (element) => element.checkVisibility() && !element.closest(".unseen, .skip, svg, .uplot");
  const isWithin = (element) => {
    const frame = element.matches("dialog") ? document.body : element.parentElement.closest(".scroll, .panel, dialog, .figure, .side, main, body");
    const [own, around] = [element.getBoundingClientRect(), frame.getBoundingClientRect()];
    return frame.matches(".scroll") || (own.left >= around.left - 1 && own.right <= around.right + 1);
  };
  const textOf = (element) => [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join(" ");
  for (const element of document.querySelectorAll("header *, main *, dialog *")) {
    if (!isShown(element)) continue;
    const style = getComputedStyle(element);
    if (!isWithin(element)) tell("wider than what it stands in", element);
    if (element.matches("td.num, .figure .value, .heat .cell") && !style.fontVariantNumeric.includes("tabular-nums")) tell("figures of different widths", element);
    if (element.matches("td.num, th.num, .heat .cell") && style.textAlign !== "right") tell("a figure that is not at the right", element);
    if (element.matches(".cut") && element.scrollWidth > element.clientWidth && !element.closest("[title]")) tell("cut, and nowhere whole", element);
    if (!element.closest("code, pre, textarea") && /\b[a-z]+_[a-z]+/.test(textOf(element))) tell("a word of the API", element);
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) flaws.push(`the page is wider than the window: by ${scrollWidth - clientWidth} px`);
  return flaws;
}
