// MathJax 2 for the formulas of notebooks and texts; from the site's own folder `mathjax`.
window.MathJax = {
  config: ["TeX-AMS-MML_HTMLorMML-full.js"],
  messageStyle: "none",
  showMathMenu: false,
  tex2jax: {
    inlineMath: [["$", "$"], ["\\(", "\\)"]],
    displayMath: [["$$", "$$"], ["\\[", "\\]"]],
    processEscapes: true,
    ignoreClass: "md-container", // everything but a notebook's texts and marked formulas
    processClass: "jp-RenderedMarkdown|arithmatex",
  },
  // the fonts that come with it
  "HTML-CSS": { availableFonts: [], preferredFont: null, webFont: "STIX-Web", imageFont: null },
};
