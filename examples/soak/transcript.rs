//! What happened in a release, in the few lines that a person on call would want to read.
//!
//! The functions' own log lines are repeated word by word. Calls are left out, unless something
//! happened to them.

use jiff::{SignedDuration, Timestamp};
use lambda_canary::sim::{Effect, Service};
use serde_json::{Value, json};

use crate::record::{Alias, By, Call, Caller, Change, Note, Noted};
use crate::system::{Played, START};
use crate::trouble::{Act, Fate, Mishap, Trouble};

/// Columns before the text: the time, and who it is about.
const TIME: usize = 6;
const WHO: usize = 12;

/// One line.
struct Line {
    at: Timestamp,
    who: String,
    text: String,
    /// Of a look that changed nothing: what it has in common with others like it.
    alike: Option<String>,
    /// Of a tick and of a change of the alias: whose.
    invocation: Option<u64>,
    is_change: bool,
}

/// A release in lines, and how it ended.
pub fn told(played: &mut Played) -> String {
    let mut lines: Vec<Line> = played.record.noted.iter().filter_map(line).collect();
    lines.extend(outages(played));
    lines.extend(alarm_changes(played));
    lines.sort_by_key(|line| line.at);
    causes_first(&mut lines);
    let mut text = String::new();
    let mut rest = lines.as_slice();
    while let Some(first) = rest.first() {
        let same = |line: &&Line| line.alike.is_some() && line.alike == first.alike;
        let run = rest.iter().take_while(same).count().max(1);
        text += &first.written();
        match run {
            1 => {}
            2 => text += &rest[1].written(),
            _ => text += &more(&rest[run - 1], run - 1),
        }
        rest = &rest[run..];
    }
    text + &ends(played)
}

impl Line {
    fn new(at: Timestamp, who: &str, text: String) -> Self {
        Self {
            at,
            who: who.to_owned(),
            text,
            alike: None,
            invocation: None,
            is_change: false,
        }
    }

    fn written(&self) -> String {
        let (time, who) = (since(self.at), &self.who);
        format!("{time:>TIME$}  {who:<WHO$} {}\n", self.text)
    }
}

fn more(last: &Line, count: usize) -> String {
    let (time, who) = (since(last.at), &last.who);
    let text = &last.text;
    format!("{time:>TIME$}  {who:<WHO$} {text}  (the last of {count} more)\n")
}

/// Minutes and seconds since the release.
fn since(at: Timestamp) -> String {
    let seconds = at.duration_since(START).as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A decision stands before what it did to the alias, although its line is written afterwards.
fn causes_first(lines: &mut [Line]) {
    let mut at = 1;
    while at < lines.len() {
        let by_it = lines[at - 1].is_change
            && !lines[at].is_change
            && lines[at].invocation.is_some()
            && lines[at].invocation == lines[at - 1].invocation;
        if by_it {
            lines.swap(at - 1, at);
            // The change that has gone down stays there.
            at += 1;
        }
        at += 1;
    }
}

fn line(note: &Note) -> Option<Line> {
    let line = |who: &str, text: String| Some(Line::new(note.at, who, text));
    match &note.what {
        Noted::Invoked(caller, fate) => {
            let text = invoked(caller, *fate)?;
            line(&who(caller), text)
        }
        Noted::Over(caller, how) => line(&who(caller), how.clone()),
        Noted::Logged(caller, logged) => Some(said(note.at, caller, logged)),
        Noted::Changed(change) => Some(Line {
            invocation: match &change.by {
                By::Function(caller) => Some(caller.invocation),
                By::Person | By::CodeDeploy => None,
            },
            is_change: true,
            ..Line::new(note.at, "alias", changed(change))
        }),
        Noted::Acted(act) => line("somebody", acted(*act)),
        Noted::Met(call, mishap) => line("fault", met(call, *mishap)),
        Noted::Deployment { id, rollback, at } => {
            let kind = if *rollback { "rollback " } else { "" };
            line("CodeDeploy", format!("{kind}{id}: {at}"))
        }
        Noted::Answered(event, answer) => line("CodeDeploy", format!("{event} answered: {answer}")),
        Noted::Ended(caller, how) => line(&who(caller), format!("ended: {how}")),
    }
}

fn who(caller: &Caller) -> String {
    match caller.action.as_str() {
        "pre_traffic" => "pre-traffic".to_owned(),
        "post_traffic" => "post-traffic".to_owned(),
        "run" => "canary run".to_owned(),
        other => other.to_owned(),
    }
}

/// That a hook is invoked, or that something else than usual becomes of an invocation.
fn invoked(caller: &Caller, fate: Option<Fate>) -> Option<String> {
    let usual = ["pre_traffic", "post_traffic"].contains(&caller.action.as_str());
    Some(match fate {
        None if usual => "invoked".to_owned(),
        None => return None,
        Some(Fate::NotStarted) => "invoked, and its process does not start".to_owned(),
        Some(Fate::Late(seconds)) => format!("invoked, and runs {seconds} s late"),
        Some(Fate::Lost) => "invoked, and nobody will hear its answer".to_owned(),
        Some(Fate::Twice(seconds)) => format!("invoked, and once more {seconds} s later"),
    })
}

/// A line of the functions' log.
fn said(at: Timestamp, caller: &Caller, logged: &Value) -> Line {
    let message = logged["message"].as_str().unwrap_or_default();
    let tick = logged["tick"].as_u64();
    let name = match tick {
        Some(tick) if !logged["rollout"].is_null() => format!("tick {tick}"),
        Some(tick) if !logged["reason"].is_null() => format!("guard {tick}"),
        Some(tick) => format!("bake {tick}"),
        None => who(caller),
    };
    let level = match logged["level"].as_str() {
        None | Some("INFO") => String::new(),
        Some(level) => format!("{level}: "),
    };
    let would = match &logged["would"] {
        Value::Null => String::new(),
        would => format!(" (would: {would})"),
    };
    let quiet = tick.is_some() && logged["act"].is_null();
    Line {
        alike: quiet.then(|| skeleton(logged, message)),
        invocation: Some(caller.invocation),
        ..Line::new(at, &name, format!("{level}{message}{would}"))
    }
}

/// What looks that differ only in time and numbers have in common.
fn skeleton(logged: &Value, message: &str) -> String {
    match logged["reason"]["code"].as_str() {
        Some("bake") => {
            let more = message.split_once("; ").map_or("", |(_, more)| more);
            format!("bake {} {}", logged["reason"]["weight"], words(more))
        }
        _ => words(message),
    }
}

/// The words without the numbers.
fn words(text: &str) -> String {
    let bare = |word: &str| {
        word.trim_matches(|c: char| c.is_ascii_punctuation())
            .to_owned()
    };
    let words = text.split_whitespace().map(bare);
    let words = words.filter(|word| word.chars().all(char::is_alphabetic));
    words.collect::<Vec<_>>().join(" ")
}

/// Where the traffic of an alias goes.
pub fn standing(alias: &Alias) -> String {
    if alias.version.is_empty() {
        return "gone".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let percent = |share: f64| {
        format!("{:.2}", share * 100.0)
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    };
    let rest = 1.0 - alias.weight();
    for (version, share) in &alias.weights {
        parts.push(format!("{} % to {version}", percent(*share)));
    }
    match parts.is_empty() {
        true => format!("all traffic to {}", alias.version),
        false => format!(
            "{}, {} % to {}",
            parts.join(", "),
            percent(rest),
            alias.version
        ),
    }
}

fn changed(change: &Change) -> String {
    let by = match &change.by {
        By::Function(_) => "",
        By::Person => ", by a person",
        By::CodeDeploy => ", by CodeDeploy",
    };
    let mark = match (change.before.mark(), change.after.mark()) {
        (None, Some(_)) => ", marked",
        (Some(_), None) => ", the mark is gone",
        _ => "",
    };
    format!("{}{mark}{by}", standing(&change.after))
}

fn acted(act: Act) -> String {
    match act {
        Act::WeightsGone => "takes the weights off the alias".to_owned(),
        Act::ToCanary => "gives all traffic to version 2".to_owned(),
        Act::OtherVersion => "points the alias to version 3".to_owned(),
        Act::OtherWeights => "gives 33 % of the traffic to another version".to_owned(),
        Act::StopDeployment { rollback: true } => "stops the deployment, with rollback".to_owned(),
        Act::StopDeployment { rollback: false } => {
            "stops the deployment, without rollback".to_owned()
        }
        Act::StopExecution => "stops the execution".to_owned(),
        Act::HookAgain => "the hook's event comes once more".to_owned(),
        Act::Ring => "sets the alarm to ALARM".to_owned(),
        Act::Flap => "sets the alarm to ALARM, for two seconds".to_owned(),
        Act::Calm => "sets the alarm to OK".to_owned(),
        Act::RunAlone { .. } => "runs canary run".to_owned(),
        Act::Interrupt => "presses Ctrl-C".to_owned(),
        Act::RollBackAlone => "runs canary rollback".to_owned(),
        Act::Behaves {
            version,
            failed,
            throttled,
        } => {
            let (failed, throttled) = (f64::from(failed) / 10.0, f64::from(throttled) / 10.0);
            let throttled = match throttled > 0.0 {
                true => format!(", {throttled} % are throttled before they reach it"),
                false => String::new(),
            };
            format!("version {version} fails {failed} % of its requests from now on{throttled}")
        }
        other => format!("{other:?}"),
    }
}

fn met(call: &Call, mishap: Option<Mishap>) -> String {
    let operation = &call.operation;
    match mishap {
        Some(Mishap::Fails(kind, Effect::AfterEffect)) => {
            format!("{operation} takes effect, and its answer is lost ({kind:?})")
        }
        Some(Mishap::Fails(kind, Effect::BeforeEffect)) => format!("{operation} fails ({kind:?})"),
        Some(Mishap::Slow(milliseconds)) => format!("{operation} takes {milliseconds} ms longer"),
        Some(Mishap::Stale) => format!("{operation} shows what was before the last change"),
        Some(Mishap::Dies(Effect::AfterEffect)) => {
            format!("{operation} takes effect, and the process that asked is killed")
        }
        Some(Mishap::Dies(Effect::BeforeEffect)) => {
            format!("the process is killed before {operation} takes effect")
        }
        None => format!(
            "{operation} is tried again, and refused with {}",
            call.result
        ),
    }
}

/// When services stop and begin to work again.
fn outages(played: &Played) -> Vec<Line> {
    let named = |service: Service| match service {
        Service::Ssm => "Parameter Store".to_owned(),
        Service::Sns => "SNS".to_owned(),
        Service::Events => "EventBridge".to_owned(),
        other => format!("{other:?}"),
    };
    let mut lines = Vec::new();
    for trouble in &played.scenario.troubles {
        let Trouble::Outage {
            service,
            kind,
            from,
            seconds,
        } = trouble
        else {
            continue;
        };
        let at = |seconds: u32| START + SignedDuration::from_secs(seconds.into());
        let begins = format!(
            "from now on every call of {} fails ({kind:?})",
            named(*service)
        );
        lines.push(Line::new(at(*from), "fault", begins));
        if let Some(seconds) = seconds {
            let ends = format!("{} works again", named(*service));
            lines.push(Line::new(at(from + seconds), "fault", ends));
        }
    }
    lines
}

/// The alarm's changes since the release, as its history has them.
fn alarm_changes(played: &mut Played) -> Vec<Line> {
    let input = json!({"HistoryItemType": "StateUpdate", "StartDate": START.to_string(), "ScanBy": "TimestampAscending"});
    let history = played
        .world
        .call(Service::CloudWatch, "DescribeAlarmHistory", input)
        .expect("the simulated CloudWatch tells its history");
    let items = history["AlarmHistoryItems"].as_array().cloned();
    let read = |item: Value| -> Option<Line> {
        let at = match &item["Timestamp"] {
            Value::String(text) => text.parse().ok()?,
            number => Timestamp::from_millisecond((number.as_f64()? * 1_000.0) as i64).ok()?,
        };
        let data: Value = serde_json::from_str(item["HistoryData"].as_str()?).ok()?;
        let state = data["newState"]["stateValue"].as_str()?;
        let name = item["AlarmName"].as_str()?;
        (at >= START).then(|| Line::new(at, "alarm", format!("{name} is in {state}")))
    };
    items.into_iter().flatten().filter_map(read).collect()
}

/// The events and messages that were sent, and what stands at the end.
fn ends(played: &Played) -> String {
    let mut text = String::from("\n");
    let own = played
        .world
        .events()
        .filter(|event| event["source"] == "lambda-canary");
    for event in own {
        let detail = &event["detail"];
        let word = |name: &str| detail.pointer(name).and_then(Value::as_str).unwrap_or("-");
        text += &format!(
            "event    {} of {}: {}; answer: {}\n         {}\n",
            word("/hook"),
            word("/deployment"),
            word("/outcome/word"),
            word("/answer"),
            word("/outcome/reason"),
        );
    }
    for message in played.world.messages() {
        let subject = message.subject.as_deref().unwrap_or("-");
        text += &format!("message  {subject}\n");
    }
    for one in played.world.deployments_overview() {
        let rollback = match one.creator.as_str() {
            "codeDeployRollback" => "rollback ",
            _ => "",
        };
        text += &format!("end      {rollback}{} is {}\n", one.id, one.status);
    }
    let alias = &played.alias;
    text += &format!("end      the alias: {}\n", standing(alias));
    match alias.mark() {
        Some(_) => text + &format!("end      its mark still stands: {}\n", alias.description),
        None => text,
    }
}
