"use strict";
(function () {
  var form = document.querySelector(".filters");
  var rows = Array.prototype.slice.call(document.querySelectorAll(".row"));
  var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
  var search = document.getElementById("search");
  var shown = form.querySelector(".shown");
  form.hidden = false;
  function chosen(name) {
    return Array.prototype.map.call(form.querySelectorAll("[name=" + name + "]:checked"), function (box) { return box.value; });
  }
  function apply() {
    var words = search.value.toLowerCase().split(/\s+/), statuses = chosen("status"), severities = chosen("severity"), count = 0;
    rows.forEach(function (row, index) {
      var fits = statuses.indexOf(row.dataset.status) >= 0 && severities.indexOf(row.dataset.severity) >= 0 &&
        words.every(function (word) { return texts[index].indexOf(word) >= 0; });
      row.hidden = !fits;
      if (fits) { count += 1; }
    });
    shown.textContent = count + " of " + rows.length + " checks shown";
  }
  function all(open) {
    rows.forEach(function (row) { if (!row.hidden) { row.open = open; } });
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  document.getElementById("open").addEventListener("click", function () { all(true); });
  document.getElementById("close").addEventListener("click", function () { all(false); });
  window.addEventListener("beforeprint", function () {
    rows.forEach(function (row) { if (row.dataset.status === "fail" || row.dataset.status === "error") { row.open = true; } });
  });
  apply();
}());
