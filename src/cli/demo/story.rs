//! The scenarios: what each one is about, the account it plays in, and what it should come to.

use super::account::{Account, Outcome};
use super::stage::ALARM;
use crate::cli::args::{CodeDeploy, Demo, DemoMode, Scenario};
use crate::local::Sample;

/// What version 1 fails of its calls in `subtle`, and version 2.
const USUAL: f64 = 0.01;
const MORE: f64 = 0.05;
/// The alarm's threshold in `subtle`: three times the errors that 20 requests a second usually have in a
/// minute, as somebody sets it who does not want to be woken by chance.
const THRICE_THE_USUAL: f64 = 36.0;
/// Requests a second in `quiet`: 30 in a minute, of which version 2 gets three.
const FEW: f64 = 0.5;

/// One release and what it should come to.
pub struct Story {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is about, in words.
    pub about: String,
    /// The sample before it.
    pub sample: Sample,
    /// Share of version 2's calls that fail.
    pub error_rate: f64,
    /// The sample's policy.
    pub policy: String,
    /// CodeDeploy's configuration in the guard's way, if it is not the group's own.
    pub shift: Option<&'static str>,
    /// What happens on the way.
    pub incident: Option<Incident>,
    /// How it should end.
    pub ends: Outcome,
    /// What the reason should say; nothing is said of most.
    because: &'static str,
    /// Whether the alarm should go to ALARM on the way; `None`: it may.
    alarm: Option<bool>,
}

/// What happens on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// Somebody raises the alarm.
    Alarm,
    /// Both versions fail for some minutes.
    Outage,
}

impl Story {
    /// The scenarios that one word asks for, in the order in which they are played.
    pub fn all(scenario: Scenario) -> Vec<Scenario> {
        use Scenario::{Alarm, All, Bad, Good, Outage, Quiet, Subtle};
        match scenario {
            All => vec![Good, Bad, Alarm, Subtle, Outage, Quiet],
            one => vec![one],
        }
    }

    /// What a scenario is about.
    pub fn new(scenario: Scenario, arguments: &Demo) -> Self {
        match scenario {
            Scenario::Good | Scenario::All => Self::good(arguments),
            Scenario::Bad => Self::bad(arguments),
            Scenario::Alarm => Self::alarm(arguments),
            Scenario::Subtle => Self::subtle(arguments),
            Scenario::Outage => Self::outage(arguments),
            Scenario::Quiet => Self::quiet(arguments),
        }
    }

    fn good(arguments: &Demo) -> Self {
        Self {
            name: "good",
            about: "version 2 is healthy".to_owned(),
            sample: Sample::default(),
            error_rate: 0.0,
            policy: format!(r#"{{"alarms":["{ALARM}"],"evidence":{{}}}}"#),
            shift: None,
            incident: None,
            ends: healthy(arguments),
            because: "",
            alarm: Some(false),
        }
    }

    fn bad(arguments: &Demo) -> Self {
        let rate = arguments.fault_rate;
        Self {
            name: "bad",
            about: format!("version 2 fails {} % of its calls", rate * 100.0),
            error_rate: rate,
            policy: alarm_alone(""),
            ends: Outcome::RolledBack,
            alarm: None,
            ..Self::good(arguments)
        }
    }

    fn alarm(arguments: &Demo) -> Self {
        Self {
            name: "alarm",
            about: "version 2 is healthy, and somebody raises the alarm".to_owned(),
            // A person who raises it needs a moment before the shift is over.
            policy: alarm_alone(r#","plan":"10%:30m""#),
            shift: Some("CodeDeployDefault.LambdaCanary10Percent30Minutes"),
            incident: Some(Incident::Alarm),
            ends: Outcome::RolledBack,
            alarm: Some(true),
            ..Self::good(arguments)
        }
    }

    /// The alarm watches both versions together, and at a tenth of the traffic version 2 makes little of a
    /// difference.
    fn subtle(arguments: &Demo) -> Self {
        Self {
            name: "subtle",
            about: format!(
                "version 1 fails {} % of its calls and version 2 {} %; the alarm waits for {THRICE_THE_USUAL} \
                 errors in a minute",
                USUAL * 100.0,
                MORE * 100.0
            ),
            sample: Sample {
                error_rate: USUAL,
                alarm_at: THRICE_THE_USUAL,
                ..Sample::default()
            },
            error_rate: MORE,
            policy: format!(r#"{{"plan":"10%:10m","alarms":["{ALARM}"],"evidence":{{}}}}"#),
            shift: Some("CodeDeployDefault.LambdaCanary10Percent10Minutes"),
            ends: Outcome::RolledBack,
            because: "in the same minutes; evidence ",
            alarm: Some(false),
            ..Self::good(arguments)
        }
    }

    /// An alarm on the alias goes off in an outage, whoever is to blame: this policy names none.
    fn outage(arguments: &Demo) -> Self {
        Self {
            name: "outage",
            about: "version 2 is healthy, and what both versions call is down for three minutes; the policy \
                    names no alarm"
                .to_owned(),
            policy: r#"{"plan":"10%:5m","evidence":{}}"#.to_owned(),
            incident: Some(Incident::Outage),
            alarm: Some(true),
            ..Self::good(arguments)
        }
    }

    fn quiet(arguments: &Demo) -> Self {
        let requests = FEW;
        Self {
            name: "quiet",
            about: format!(
                "version 2 is healthy, and {:.0} requests come in a minute",
                requests * 60.0
            ),
            sample: Sample {
                requests_per_second: requests,
                ..Sample::default()
            },
            ends: Outcome::RolledBack,
            because: "too little evidence: ",
            ..Self::good(arguments)
        }
    }

    /// Whether the policy watches the alarm.
    pub fn watches_alarm(&self) -> bool {
        self.policy.contains(ALARM)
    }

    /// Where the alias stands in the end.
    fn at(&self) -> &'static str {
        match self.ends {
            Outcome::Promoted => "2",
            _ => "1",
        }
    }

    /// What is otherwise than it should be, if anything is.
    pub fn misses(&self, account: &Account) -> Option<String> {
        if !account.is(self.ends, self.at()) {
            return Some(format!(
                "it should have ended {} with the alias at version {}",
                self.ends,
                self.at()
            ));
        }
        if !account.reason.contains(self.because) {
            return Some(format!(
                "its reason should have said \"{}\"",
                self.because.trim_end()
            ));
        }
        match self.alarm {
            Some(true) if !account.alarm_raised => {
                Some("the alarm should have gone to ALARM".to_owned())
            }
            Some(false) if account.alarm_raised => {
                Some("the alarm should have stayed OK".to_owned())
            }
            _ => None,
        }
    }
}

/// A policy that goes by the alarm alone, with more in it.
fn alarm_alone(more: &str) -> String {
    format!(r#"{{"alarms":["{ALARM}"],"evidence":false{more}}}"#)
}

/// How a healthy version should end: under the strict reading CodeDeploy refuses whatever the stepper has
/// shifted.
fn healthy(arguments: &Demo) -> Outcome {
    match (arguments.mode, arguments.codedeploy) {
        (DemoMode::Stepper, CodeDeploy::Strict) => Outcome::RolledBack,
        _ => Outcome::Promoted,
    }
}
