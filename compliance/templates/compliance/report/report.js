"use strict";
(function () {
  var form = document.querySelector(".filters");
  var groups = Array.prototype.slice.call(document.querySelectorAll(".group")).map(function (element) {
    var rows = Array.prototype.slice.call(element.querySelectorAll(".row")).map(function (row) {
      return { element: row, severity: row.dataset.severity, text: row.textContent.toLowerCase() };
    });
    return { element: element, key: element.dataset.group, rows: rows, count: element.querySelector("h3 b") };
  });
  var total = groups.reduce(function (sum, group) { return sum + group.rows.length; }, 0);
  var search = document.getElementById("search"), shown = form.querySelector(".shown");
  var reset = document.getElementById("reset"), nothing = document.getElementById("nothing");
  var boxes = Array.prototype.slice.call(form.querySelectorAll("input[type=checkbox]"));

  function chosen(name) {
    return boxes.filter(function (box) { return box.name === name && box.checked; }).map(function (box) { return box.value; });
  }
  function apply() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var keys = chosen("group"), severities = chosen("severity"), count = 0;
    groups.forEach(function (group) {
      var wanted = keys.indexOf(group.key) >= 0, here = 0;
      group.rows.forEach(function (row) {
        var fits = wanted && severities.indexOf(row.severity) >= 0 &&
          words.every(function (word) { return row.text.indexOf(word) >= 0; });
        row.element.hidden = !fits;
        if (fits) { here += 1; }
      });
      group.element.hidden = !here;
      group.count.textContent = here === group.rows.length ? String(here) : here + " of " + group.rows.length;
      count += here;
    });
    var filtered = words.length > 0 || boxes.some(function (box) { return !box.checked; });
    shown.textContent = filtered ? count + " of " + total + " checks shown" : total + " checks";
    reset.hidden = !filtered;
    nothing.hidden = count > 0 || total === 0;
  }
  function each(work) {
    groups.forEach(function (group) { group.rows.forEach(function (row) { work(row.element, group.key); }); });
  }
  function clear() {
    search.value = "";
    boxes.forEach(function (box) { box.checked = true; });
    apply();
  }
  function openNamed() {
    var named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named || !named.classList.contains("row")) { return; }
    if (named.hidden) { clear(); }
    named.open = true;
    named.scrollIntoView({ block: "center" });
  }

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  reset.addEventListener("click", function () { clear(); search.focus(); });
  document.getElementById("open").addEventListener("click", function () { each(function (row) { if (!row.hidden) { row.open = true; } }); });
  document.getElementById("close").addEventListener("click", function () { each(function (row) { row.open = false; }); });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); search.focus(); }
  });
  var opened = [];
  window.addEventListener("beforeprint", function () {
    each(function (row, key) {
      if (!row.open && (key === "fail" || key === "error" || key === "waived")) { row.open = true; opened.push(row); }
    });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (row) { row.open = false; });
    opened = [];
  });
  window.addEventListener("hashchange", openNamed);
  apply();
  openNamed();
}());
