/** The charts: SVG in React without other dependencies. Import `charts.css` once. */

export { Calibration, percent, type CalibrationProps } from "./Calibration";
export { Curve, scoreText, type CurveProps } from "./Curve";
export { Ledger, type LedgerProps, type LedgerWeek } from "./Ledger";
export {
  extentOf, lanesOfIncident, lanesOfSlots, momentsOfSlots,
  type IncidentPoint, type SlotTimeline, type TimelineLane, type TimelineMoment, type TimelinePoint,
} from "./model";
export { countText, shortCount } from "./scale";
export { Sparkline, type SparklineProps } from "./Sparkline";
export { Strip, type StripProps } from "./Strip";
export { dayText, durationText, minuteText, momentText, zoneText, type Zone } from "./time";
export { Timeline, type TimelineProps } from "./Timeline";
