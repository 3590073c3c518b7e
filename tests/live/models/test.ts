// What an application does with the types: a wrong value or a missing one does not compile.
import type { Appointments, ClinicalNotes, PostalAddress, Urgency } from "./models";

export const urgency: Urgency = "stat";
export const address: PostalAddress = { street: null, city: "x", state: null, postal_code: null, country: null };
export const length = (one: Appointments): number => one.end_time.getTime() - one.start_time.getTime();
export const label = (note: ClinicalNotes): string => note._id.toHexString() + (note.content?.plan?.followUp ?? "");
// @ts-expect-error  not one of the values
export const wrong: Urgency = "soon";
// @ts-expect-error  the column may be NULL
export const reason: string = ({} as Appointments).reason;
