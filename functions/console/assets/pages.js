// The table of pages, in the order of the navigation. A page is offered to whom has its scope.
export const PAGES = [
  { path: "overview", title: "Overview", scope: "read", load: () => import("./pages/overview.js") },
  { path: "suppressions", title: "Suppressions", load: () => import("./pages/suppressions.js") },
  { path: "quarantine", title: "Quarantine", scope: "pii", load: () => import("./pages/quarantine.js") },
  { path: "providers", title: "Providers", scope: "read", load: () => import("./pages/providers.js") },
  { path: "codes", title: "Codes", scope: "read", load: () => import("./pages/codes.js") },
  { path: "people", title: "People", scope: "pii", load: () => import("./pages/people.js") },
];
