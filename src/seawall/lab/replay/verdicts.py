"""Judge settings of layers: when an incident is prevented, first seen and raised, and how much was read until then."""

from __future__ import annotations

from dataclasses import dataclass

from seawall.lab.replay.detection import NOT_SEEN, DetectionVerdict
from seawall.lab.replay.layers import DETECTORS, LAYER_NAMES, SETTINGS, LayerSetting
from seawall.lab.replay.returns import ReturnVerdict
from seawall.lab.replay.run import IncidentFindings
from seawall_base.plurals import plural

DAY = 86_400.0
_OUTCOMES = {
    "stopped": "stopped",
    "asked for more": "asked for a stronger method",
    "locked out": "locked out",
}


@dataclass(frozen=True, slots=True)
class LayerWord:
    """One thing that a layer said, on a day of the incident.

    `ends`: it keeps the intruder out without a person. `is_grave`: it is a finding of high severity, which a person must read.
    """

    layer: str
    day: float
    text: str
    ends: bool = False
    is_grave: bool = False


@dataclass(frozen=True, slots=True)
class SettingVerdict:
    """The answer for one setting. Days count from the incident's begin, None for never.

    `warned` is the first grave finding about a key, long before an incident perhaps. `raised_by` is `detection`, for the
    detectors together, or the watch after containment; `rank` and `score` are those of detection. `read_before` are the
    messages read until it is prevented, warned of or raised, or all. `returned` is when the watch reports the contained
    intruder's return. `reason` says what decided, also where nothing was seen.
    """

    setting: LayerSetting
    prevented: LayerWord | None
    warned: LayerWord | None
    first: LayerWord | None
    raised: float | None
    raised_by: str
    rank: int | None
    score: float | None
    read_before: int
    returned: float | None
    reason: str


def judge_setting(found: IncidentFindings, setting: LayerSetting) -> SettingVerdict:
    """Return the verdict of one setting."""
    words = [word for word in list_words(found) if word.layer in setting.on]
    prevented = min((word for word in words if word.ends), key=_by_day, default=None)
    detection = found.detections.get(setting.detectors, NOT_SEEN)
    evidence = [word for word in words if not word.ends]
    if detection.first_evidence is not None:
        evidence.append(LayerWord("detection", day_of(found, detection.first_evidence), _describe(detection)))
    returned = _find_return(found, setting)
    raised, by = _find_raised(found, detection, returned)
    warned = min(
        (word for word in words if word.layer == "keys" and word.is_grave), key=_by_day, default=None
    )
    if returned is not None and returned.first is not None:
        evidence.append(LayerWord("adaptation", day_of(found, returned.first), returned.returns[0].text))
    until = [word.day for word in (prevented, warned) if word is not None]
    until += [] if raised is None else [raised]
    return SettingVerdict(
        setting,
        prevented,
        warned,
        min(evidence, key=_by_day, default=None),
        raised,
        by,
        detection.rank,
        None if detection.incident is None else round(detection.incident.score, 2),
        count_read(found, min(until, default=None)),
        None if returned is None or returned.first is None else day_of(found, returned.first),
        _explain(found, setting, prevented, detection),
    )


def judge_own(found: IncidentFindings) -> SettingVerdict:
    """Return the verdict of the layers that a customer of the service can use: all but those on the provider's side."""
    on = frozenset(LAYER_NAMES).difference(found.staged.incident.provider_side)
    return judge_setting(found, LayerSetting("own", on))


def judge_all(found: IncidentFindings) -> list[SettingVerdict]:
    """Return the verdict of every setting, in their order."""
    return [judge_setting(found, setting) for setting in SETTINGS]


def list_words(found: IncidentFindings) -> list[LayerWord]:
    """Return what the layers other than the detectors said about the first way in, in order of days."""
    return sorted([*_policy_words(found), *_token_words(found), *_key_words(found)], key=_by_day)


def count_read(found: IncidentFindings, day: float | None) -> int:
    """Return the messages read before a day of the incident, or all."""
    scene = found.staged.scene
    return found.staged.count_messages(None if day is None else scene.find_time(day))


def _by_day(word: LayerWord) -> float:
    return word.day


def day_of(found: IncidentFindings, time: int) -> float:
    """Return the day of the incident at a time in microseconds since 1970."""
    return round((time / 1e6 - found.staged.scene.find_time(0)) / DAY, 2)


def _policy_words(found: IncidentFindings) -> list[LayerWord]:
    words = []
    if found.stopped:
        first = found.stopped[0]
        text = f"{plural(len(found.stopped), 'sign-in')} of the intruder would have been {_OUTCOMES[first.outcome]}"
        words.append(LayerWord("policies", day_of(found, first.time), text, _is_first_way(found, first.time)))
    days = {stage.id: stage.day for stage in found.staged.incident.stages}
    met = [(days[stage], state) for stage, state in found.settings if state.state == "met"]
    if met:
        day, state = min(met, key=lambda item: item[0])
        words.append(LayerWord("policies", day, f"{state.policy}: {state.title}", ends=True))
    return words


def _is_first_way(found: IncidentFindings, time: int) -> bool:
    """Return whether a sign-in belongs to the first way in, and not to a return after the containment."""
    contained = found.staged.incident.contained
    return contained is None or day_of(found, time) < contained


def _token_words(found: IncidentFindings) -> list[LayerWord]:
    days = {stage.id: stage.day for stage in found.staged.incident.stages}
    return [LayerWord("tokens", days[one.stage], one.says, ends=True) for one in found.tokens if one.code]


def _key_words(found: IncidentFindings) -> list[LayerWord]:
    incident = found.staged.incident
    audited = [
        LayerWord(
            "keys", float((one.day - incident.began).days), f"{one.code}: {one.says}", is_grave=one.is_raised
        )
        for one in found.keys
    ]
    days = {stage.id: stage.day for stage in incident.stages}
    searched = [
        LayerWord("keys", days[one.stage], f"a search of the file for keys finds {one.says}", is_grave=True)
        for one in found.leaks
        if one.found
    ]
    return [*audited, *searched]


def _find_return(found: IncidentFindings, setting: LayerSetting) -> ReturnVerdict | None:
    return found.returns.get(setting.detectors) if "adaptation" in setting.on else None


def _find_raised(
    found: IncidentFindings, detection: DetectionVerdict, returned: ReturnVerdict | None
) -> tuple[float | None, str]:
    """Return the first day on which an incident or a return is raised, and by which layer."""
    moments: list[tuple[float, str]] = []
    if detection.raised_at is not None:
        moments.append((day_of(found, detection.raised_at), "detection"))
    if returned is not None and returned.first is not None:
        moments.append((day_of(found, returned.first), "adaptation"))
    return min(moments, default=(None, ""))


def _describe(detection: DetectionVerdict) -> str:
    incident = detection.incident
    return "" if incident is None else incident.title


def _explain(
    found: IncidentFindings,
    setting: LayerSetting,
    prevented: LayerWord | None,
    detection: DetectionVerdict,
) -> str:
    """Return in one sentence what decided."""
    if prevented is not None:
        return prevented.text
    if len(setting.on) == 1:
        (name,) = setting.on
        return explain_layer(found, name)
    return _explain_detection(detection)


def explain_layer(found: IncidentFindings, name: str) -> str:
    """Return in one sentence what a layer alone says, or why it says nothing."""
    words = [word for word in list_words(found) if word.layer == name]
    if words:
        return words[0].text
    if name in DETECTORS:
        return _explain_detection(found.detections.get(frozenset({name}), NOT_SEEN))
    if name == "policies":
        open_ones = [state for _, state in found.settings if state.state != "met"]
        if open_ones:
            return f"{open_ones[0].policy} is {open_ones[0].state}: {open_ones[0].reason}"
        return "no policy rules over this way in: there is no sign-in of the intruder"
    if name == "tokens":
        return found.tokens[0].says if found.tokens else "no token is presented that a verifier sees"
    if name == "keys":
        return found.leaks[0].says if found.leaks else "no signing key is part of this incident"
    if found.staged.incident.contained is None:
        return "the sources know no containment after which the intruder returned"
    return "it starts from an incident that another layer raises, and alone it has none"


def _explain_detection(detection: DetectionVerdict) -> str:
    incident = detection.incident
    if incident is None:
        return "not seen: no listed incident holds a record of the intruder"
    if detection.raised_at is None:
        return f"listed at rank {detection.rank:,} with score {incident.score:.2f}, which is too low to be raised"
    return f"{plural(len(detection.raised), 'incident')} raised, the highest: {incident.title}"
