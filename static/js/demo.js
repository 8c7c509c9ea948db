/* The demonstration's sign-in page: fill in a published account, and leave the pressing to the person. */
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-fill-login]");
  if (!button) return;
  document.getElementById("id_login").value = button.dataset.fillLogin;
  const password = document.getElementById("id_password");
  password.value = button.dataset.fillPassword;
  password.form.querySelector('button[type="submit"]').focus();
});
