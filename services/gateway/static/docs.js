// The browsable API page. With a session cookie, changes carry the CSRF token as our own pages do.
(function () {
  "use strict";

  function cookie(name) {
    const found = document.cookie.split("; ").find((part) => part.startsWith(name + "="));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  }

  SwaggerUIBundle({
    url: "/api/docs/openapi-3.0.json",
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: -1,
    validatorUrl: null,
    requestInterceptor: function (request) {
      const token = cookie("polyclinic_csrf");
      if (token && request.method !== "GET") {
        request.headers["X-CSRF-Token"] = token;
      }
      return request;
    },
  });
})();
