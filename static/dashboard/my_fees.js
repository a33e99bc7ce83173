// What is charged beside sessions: fees of bookings, shares of a month, with their reason; and those that a manager waived.
import { call } from "./my_api.js";
import { dateOf, element, money } from "./format.js";
import { fill, gettext } from "./say.js";

const WORDS = {
  reservation: gettext("A space was kept for you."),
  no_show: gettext("Your slot was kept, and your car did not come."),
  monthly: gettext("Your monthly share."),
  allowance: gettext("Free energy of the month."),
  demand: gettext("Your part of the demand charge."),
};

export function fees(find, context) {
  return {
    async open() {
      const page = await call("GET", `/pricing/bills?driver=${context.driver().id}&session__isnull=true&limit=20`);
      const rows = page.ok ? page.data.results : [];
      find("fees-box").hidden = rows.length === 0;
      find("fees").replaceChildren(...rows.map((row) => line(row, context)));
    },
  };
}

function line(row, context) {
  const place = row.parts[0]?.place ?? "";
  const waived = row.waiver ? fill(gettext("Waived: %(reason)s"), { reason: row.waiver.reason }) : "";
  return element(
    "li",
    {},
    element("span", {}, dateOf(row.started_at, context.zone())),
    element("b", {}, money(row.waiver ? 0 : row.amount_minor, row.currency, 2)),
    element("small", {}, [WORDS[row.kind] ?? "", place, waived].filter(Boolean).join(" · ")),
    ...row.why.map((sentence) => element("small", { class: "why" }, sentence)),
  );
}
