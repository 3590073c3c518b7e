// Search over the index that stands in the page as JSON. Without this script the page is an A to Z of everything.
(function () {
  "use strict";
  var entries = JSON.parse(document.getElementById("index").textContent);
  var field = document.getElementById("q");
  var list = document.getElementById("results");
  var told = document.getElementById("told");
  var all = document.getElementById("all");

  function score(entry, words) {
    var name = entry.n.toLowerCase();
    var text = name + " " + entry.t.toLowerCase();
    var sum = 0;
    for (var i = 0; i < words.length; i++) {
      if (text.indexOf(words[i]) < 0) return 0;
      sum += name === words[i] ? 8 : name.indexOf(words[i]) === 0 ? 4 : name.indexOf(words[i]) > 0 ? 2 : 1;
    }
    return sum + (entry.k === "entity" ? 1 : 0);
  }

  function show() {
    var words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    var found = words.length ? entries.map(function (entry) { return [score(entry, words), entry]; }) : [];
    found = found.filter(function (pair) { return pair[0] > 0; });
    found.sort(function (a, b) { return b[0] - a[0] || (a[1].n < b[1].n ? -1 : 1); });
    list.textContent = "";
    found.slice(0, 100).forEach(function (pair) {
      var item = document.createElement("li");
      var link = document.createElement("a");
      link.href = pair[1].u;
      link.textContent = pair[1].n;
      item.appendChild(link);
      item.appendChild(document.createTextNode(" (" + pair[1].k + ") " + pair[1].t));
      list.appendChild(item);
    });
    told.textContent = words.length ? found.length + (found.length === 1 ? " result" : " results") : "";
    all.hidden = words.length > 0;
  }

  field.value = new URLSearchParams(location.search).get("q") || "";
  field.addEventListener("input", show);
  show();
})();
