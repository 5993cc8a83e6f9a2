// The table of pages, in the order of the navigation. A page is offered to whom has its scope.
export const PAGES = [
  { path: "overview", title: "Overview", scope: "read", load: () => import("./pages/overview.js") },
];
