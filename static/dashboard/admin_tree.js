// The tree on a cluster's page of the back office: the live page's picture, by the same socket.
import { drawBranches } from "./branches.js";
import { follow, liveWord, withNews } from "./live.js";
import { drawTree } from "./tree.js";

const box = document.querySelector("[data-live-tree]");
let picture = JSON.parse(document.getElementById("live-tree").textContent);

function draw() {
  drawTree(box, picture.bars, picture.cluster.time_zone, (bar) => `${box.dataset.circuits}${bar.id}/change/`);
  drawBranches(box, picture.rows);
}

draw();
follow(box.dataset.socket, {
  snapshot(data) {
    // Without rows they are not to be seen here any more.
    if (!data.rows) location.reload();
    picture = data;
    draw();
  },
  event(type, data) {
    picture = withNews(picture, type, data);
    if (type === "bars" || type === "rows") draw();
  },
  state(state) {
    document.querySelector(".evb-live").dataset.live = state;
    document.querySelector("[data-live-word]").textContent = liveWord(state);
  },
});
