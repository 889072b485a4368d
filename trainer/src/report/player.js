"use strict";
(function () {
  const names = ["target", "model", "dry"];
  const box = document.getElementById("player");
  const fallback = document.getElementById("tracks");
  const AudioSystem = window.AudioContext || window.webkitAudioContext;
  if (!AudioSystem || !box || !fallback) { return; }
  fallback.hidden = true;
  box.hidden = false;
  const buttons = Array.from(box.querySelectorAll("button[data-track]"));
  const playButton = document.getElementById("play");
  const head = document.getElementById("head");
  const blind = document.getElementById("blind");
  const blindBox = document.getElementById("blind-box");
  const score = document.getElementById("score");
  let context = null;
  let sources = [];
  let gains = {};
  let buffers = null;
  let length = 1;
  let startedAt = 0;
  let position = 0;
  let chosen = "target";
  let hidden = null;
  let right = 0;
  let asked = 0;

  // The tracks are plain 16 bit WAV with a header of 44 bytes. Read by hand, no decoder can shift them.
  function samples(name) {
    const text = atob(document.getElementById("audio-" + name).src.split(",")[1]);
    const rate = text.charCodeAt(24) + 256 * text.charCodeAt(25) + 65536 * text.charCodeAt(26);
    const count = (text.length - 44) >> 1;
    const values = new Float32Array(count);
    for (let i = 0; i !== count; i += 1) {
      const word = text.charCodeAt(44 + 2 * i) + 256 * text.charCodeAt(45 + 2 * i);
      values[i] = (word > 32767 ? word - 65536 : word) / 32768;
    }
    return { rate: rate, values: values };
  }

  function prepare() {
    context = new AudioSystem();
    const tracks = {};
    names.forEach(function (name) { tracks[name] = samples(name); });
    const rate = tracks.target.rate;
    const times = Number(box.dataset.errorGain);
    const error = new Float32Array(tracks.target.values.length);
    for (let i = 0; i !== error.length; i += 1) {
      const value = times * (tracks.model.values[i] - tracks.target.values[i]);
      error[i] = Math.max(-1, Math.min(1, value));
    }
    tracks.error = { values: error };
    buffers = {};
    Object.keys(tracks).forEach(function (name) {
      buffers[name] = context.createBuffer(1, error.length, rate);
      buffers[name].getChannelData(0).set(tracks[name].values);
    });
    length = error.length / rate;
  }

  function now() {
    return sources.length ? (context.currentTime - startedAt) % length : position;
  }

  // All tracks always run together; switching only moves gains, so there is one play head and no gap.
  function start() {
    if (!buffers) { prepare(); }
    context.resume();
    const at = context.currentTime + 0.05;
    Object.keys(buffers).forEach(function (name) {
      const source = context.createBufferSource();
      source.buffer = buffers[name];
      source.loop = true;
      gains[name] = context.createGain();
      gains[name].gain.value = name === sounding() ? 1 : 0;
      source.connect(gains[name]).connect(context.destination);
      source.start(at, position);
      sources.push(source);
    });
    startedAt = at - position;
    playButton.textContent = "Stop";
    playButton.setAttribute("aria-pressed", "true");
  }

  function stop() {
    position = Math.max(0, now());
    sources.forEach(function (source) { source.stop(); });
    sources = [];
    playButton.textContent = "Play";
    playButton.setAttribute("aria-pressed", "false");
  }

  function sounding() { return hidden || chosen; }

  function apply() {
    Object.keys(gains).forEach(function (name) {
      gains[name].gain.setTargetAtTime(name === sounding() ? 1 : 0, context.currentTime, 0.004);
    });
    buttons.forEach(function (button) {
      const on = hidden ? false : button.dataset.track === chosen;
      button.setAttribute("aria-pressed", String(on));
    });
  }

  function choose(name) {
    hidden = null;
    blindBox.hidden = true;
    chosen = name;
    if (context) { apply(); } else { buttons.forEach(function (b) { b.setAttribute("aria-pressed", String(b.dataset.track === name)); }); }
  }

  function draw() {
    if (sources.length) { head.value = String(1000 * Math.max(0, now()) / length); }
    window.requestAnimationFrame(draw);
  }

  function ask() {
    hidden = Math.random() > 0.5 ? "target" : "model";
    blindBox.hidden = false;
    if (!sources.length) { start(); }
    apply();
  }

  function answer(name) {
    asked += 1;
    right += name === hidden ? 1 : 0;
    const told = hidden === "target" ? "the gear" : "the model";
    score.textContent = "It was " + told + ". " + right + " of " + asked + " right; guessing gets half.";
    ask();
  }

  playButton.addEventListener("click", function () { if (sources.length) { stop(); } else { start(); } });
  buttons.forEach(function (button) {
    button.addEventListener("click", function () { choose(button.dataset.track); });
  });
  head.addEventListener("input", function () {
    const running = sources.length !== 0;
    if (running) { stop(); }
    position = Number(head.value) / 1000 * length;
    if (running) { start(); }
  });
  blind.addEventListener("click", function () { right = 0; asked = 0; score.textContent = ""; ask(); });
  document.getElementById("say-target").addEventListener("click", function () { answer("target"); });
  document.getElementById("say-model").addEventListener("click", function () { answer("model"); });
  draw();
}());
