/* allauth's own scripts talk to the authenticator; here their failures become words. */
import { note } from "./app.js";

const WORDS = {
  NotAllowedError: "The passkey was not used: the request was cancelled or took too long.",
  SecurityError: "This address does not allow passkeys. Use https, or a name that ends in localhost.",
  InvalidStateError: "This key is registered already.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  note(WORDS[event.detail.exception?.name] ?? "The passkey could not be used. Try again, or sign in another way.", "warn");
});
