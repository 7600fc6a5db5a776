// What mails are held to. Each deviation from the recommended rules says why.
import pages from "./.htmlvalidate.mjs";

export default {
  ...pages,
  rules: {
    ...pages.rules,
    // Mail programs take stylesheets away and know tables better than boxes: Outlook draws with Word.
    "no-inline-style": "off",
    "no-deprecated-attr": "off",
    "prefer-tbody": "off",
    // For Outlook alone, which is told the width and the font that way.
    "no-conditional-comment": "off",
    // Its subject is the title: nobody reads it in a tab.
    "long-title": "off",
  },
};
