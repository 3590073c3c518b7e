// Loads the page again when the book was made anew; where the server was away, also when it is back.
(function () {
  "use strict";
  var lost = false;
  var events = new EventSource("/-/events");
  events.onmessage = function () { location.reload(); };
  events.onopen = function () { if (lost) location.reload(); };
  events.onerror = function () { lost = true; };
})();
