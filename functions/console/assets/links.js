// Addresses of pages that other pages lead to.
import { href } from "./router.js";

/** A message with all its reports. */
export const messageHref = (provider, id) => href("messages", { provider, message: id });

export const providerHref = (provider) => href(`providers/${encodeURIComponent(provider)}`);
export const codesHref = (provider, text) => href("codes", { provider, text });
