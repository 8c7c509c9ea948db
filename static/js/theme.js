/* Runs before the first paint, and only where the person has not chosen: the device decides. */
document.documentElement.setAttribute("data-bs-theme", matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
