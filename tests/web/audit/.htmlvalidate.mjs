// What the pages are held to. Each deviation from the recommended rules says why.
export default {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // The stylesheet keeps a number in one piece (.whole); with other spaces and hyphens in it, it could not be
    // copied into a telephone.
    "tel-non-breaking": "off",
    // The boxes of a question that takes several ticks are one field, as HTML means it.
    "form-dup-name": ["error", { shared: ["radio", "button", "reset", "submit", "checkbox"] }],
  },
};
