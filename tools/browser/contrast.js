// Return each visible text whose contrast with its background, as WCAG defines it, is too low.
() => {
  const MIN_CONTRAST = 1.8; // the faintest of Swagger UI's own colours, white on light green, has 1.9
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [red, green, blue, alpha = 1] = numbers(getComputedStyle(at).backgroundColor);
      if (alpha > 0.5) return [red, green, blue];
    }
    return [255, 255, 255];
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.data.trim();
    if (!text || !element.getClientRects().length) continue;
    const shades = [luminance(numbers(getComputedStyle(element).color)), luminance(background(element))];
    const contrast = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
    if (contrast < MIN_CONTRAST) {
      faint.push(`${text.slice(0, 40)} (${element.tagName}.${element.className}, contrast ${contrast.toFixed(1)})`);
    }
  }
  return [...new Set(faint)];
}
