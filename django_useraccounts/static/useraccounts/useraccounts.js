/* What the account pages do more where scripts run; without it nothing is missing but comfort.
   Its words come in data attributes, in the language of the page. */
(() => {
  const words = document.currentScript.dataset;
  if (window.useraccounts) return; // two forms of a page asked for it
  window.useraccounts = true;

  /* How hard to guess a password seems, by length and variety. What is in the lists of thieves, the
     server knows better. */
  const strengthOf = (password, atLeast) => {
    const signs = [...password];
    // Each pair of neighbours counts once; "aa", "ab" and "21" are no news.
    const pairs = signs.slice(1).flatMap((sign, i) => {
      const step = sign.codePointAt() - signs[i].codePointAt();
      return Math.abs(step) > 1 ? signs[i] + sign : [];
    });
    const variety = signs.length < atLeast ? 0 : new Set(pairs).size;
    return variety < 10 ? "weak" : variety < 14 ? "fair" : "strong";
  };

  const addHint = (input) => {
    const hint = document.createElement("p");
    const atLeast = /minlength: (\d+)/.exec(input.getAttribute("passwordrules"))?.[1] ?? 0;
    hint.className = "ua-hint";
    hint.setAttribute("aria-live", "polite");
    input.addEventListener("input", () => {
      const text = input.value && input.dataset[strengthOf(input.value, atLeast)];
      if (hint.textContent !== text) hint.textContent = text; // else read out at each key
    });
    input.after(hint);
  };

  const addShow = (input) => {
    const button = document.createElement("button");
    const which = document.createElement("span");
    const show = (isShown) => {
      input.type = isShown ? "text" : "password";
      button.replaceChildren(isShown ? words.hide : words.show, which);
    };
    which.className = "ua-unseen";
    which.textContent = `: ${input.labels[0]?.textContent ?? ""}`;
    button.type = "button";
    button.className = "ua-link ua-show";
    button.addEventListener("click", () => show(input.type === "password"));
    // Some browsers send what they spell to a service.
    input.spellcheck = false;
    input.autocapitalize = "none";
    input.form.addEventListener("submit", () => show(false));
    input.after(button);
    show(false);
  };

  for (const input of document.querySelectorAll(".ua form input[type=password]")) {
    // What is typed once more needs no hint.
    if (input.dataset.weak && !input.form.querySelector(".ua-hint[aria-live]")) addHint(input);
    addShow(input);
  }

  /* What comes while a form is on its way is a second click. */
  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.closest(".ua")) return;
    if (form.hasAttribute("aria-busy")) return event.preventDefault();
    const release = () => form.removeAttribute("aria-busy");
    form.setAttribute("aria-busy", "true");
    addEventListener("pageshow", release); // came back
    setTimeout(release, 10000); // the answer was a file, or never came
  });
})();
