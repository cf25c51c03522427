//! The arguments of `canary simulate`: a plan or a policy, and the traffic to try it on.

use std::path::PathBuf;

use clap::Args;

use super::share;
use crate::rollout::Weight;
use crate::sim::rehearsal::{
    Above, AliasAlarm, Bursts, LONGEST_MINUTES, Latency, Outage, PERIODS_MAX,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  canary simulate --rps 20 --base-rate 0.1% --canary-rate 5%
  canary simulate --rps 20 --base-rate 1% --canary-rate 1% --runs 1000
  canary simulate --rps 50 --base-rate 0 --canary-rate 2% --plan 5%:10m,50%:10m --runs 1000 --json
  canary simulate --rps 20 --base-rate 0 --canary-rate 0 --minutes 15 --outage 2+5:50% --runs 1000

One run is told minute by minute, more of them in shares. The engine is the one of canary run; AWS
and its time are simulated. Beside it: what CodeDeploy would have done on the same requests by the
same steps, with an alarm on the alias' errors.

Without --policy the built-in rules of evidence hold. A policy's alarms cannot be simulated and are
left out.

Exit codes: 0 simulated, however the rollouts ended; 1 error; 3 interrupted; 64 wrong usage.")]
pub struct Simulate {
    /// Requests a second, to both versions together
    #[arg(long, allow_hyphen_values = true, value_name = "RATE")]
    pub rps: f64,
    /// Share of its requests that the stable version fails, such as 1% or 0.01
    #[arg(long, allow_hyphen_values = true, value_name = "SHARE", value_parser = share)]
    pub base_rate: f64,
    /// Share of its requests that the canary fails
    #[arg(long, allow_hyphen_values = true, value_name = "SHARE", value_parser = share)]
    pub canary_rate: f64,
    /// The canary's share of the traffic, such as 10% or 0.1; 10% unless a plan says else
    #[arg(long, allow_hyphen_values = true, value_name = "SHARE", value_parser = weight, conflicts_with_all = ["plan", "policy"])]
    pub weight: Option<Weight>,
    /// For how many minutes; 5 unless a plan says else
    #[arg(long, allow_hyphen_values = true, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_MINUTES)), conflicts_with_all = ["plan", "policy"])]
    pub minutes: Option<u32>,
    /// The steps: a CodeDeploy name, or a list such as 10%:5m,50%:10m
    #[arg(
        long,
        allow_hyphen_values = true,
        value_name = "PLAN",
        conflicts_with = "policy"
    )]
    pub plan: Option<String>,
    /// Read plan and rules from this policy, or from stdin if it is -
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How many runs
    #[arg(long, allow_hyphen_values = true, value_name = "RUNS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub runs: u64,
    /// Seed of all randomness
    #[arg(long, allow_hyphen_values = true, default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON object, and nothing else on stdout
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub traffic: TrafficArguments,
}

/// What the traffic is like beyond its rate and its errors.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the traffic and of CodeDeploy's alarm")]
pub struct TrafficArguments {
    /// Median durations of the stable version and of the canary, such as 50:90
    #[arg(long, allow_hyphen_values = true, value_name = "BASE_MS:CANARY_MS", value_parser = latency)]
    pub latency: Option<Latency>,
    /// Both versions fail for a while, from so many minutes after the start, such as 2+5:50%; may be given several times
    #[arg(long = "outage", allow_hyphen_values = true, value_name = "START+MIN:RATE", value_parser = outage)]
    pub outages: Vec<Outage>,
    /// Bursts of failing requests inside one version, and how many an hour brings to the alias, such as 5:20
    #[arg(long, allow_hyphen_values = true, value_name = "SIZE:PER_HOUR", value_parser = burst)]
    pub burst: Option<Bursts>,
    /// The canary is as good as the stable version until so many minutes after the start
    #[arg(long, allow_hyphen_values = true, value_name = "MIN", value_parser = minutes, default_value = "0")]
    pub from: f64,
    /// CodeDeploy's alarm: more than so many errors a minute, or than this share of the requests, in so many minutes running, such as 5 or 1%:3
    #[arg(long, allow_hyphen_values = true, value_name = "ABOVE[:PERIODS]", value_parser = alarm, default_value = "0:2")]
    pub alarm: AliasAlarm,
}

/// A share that a step can have.
fn weight(text: &str) -> Result<Weight, String> {
    let weight = Weight::from_fraction(share(text)?);
    let weight = weight.filter(|weight| (Weight::ZERO..Weight::FULL).contains(weight));
    weight
        .filter(|weight| *weight != Weight::ZERO)
        .ok_or_else(|| {
            "a weight is above 0 % and below 100 %, in steps of 0.01 %: both versions need traffic to \
             be compared"
                .to_owned()
        })
}

fn number(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok()?;
    (0.0..f64::INFINITY).contains(&number).then_some(number)
}

fn minutes(text: &str) -> Result<f64, String> {
    let most = f64::from(LONGEST_MINUTES);
    let minutes = number(text).filter(|minutes| *minutes <= most);
    minutes.ok_or_else(|| format!("minutes are a number from 0 to {most}, such as 10"))
}

fn latency(text: &str) -> Result<Latency, String> {
    let read = || {
        let (stable, canary) = text.split_once(':')?;
        let median = |text| number(text).filter(|ms| *ms > 0.0 && *ms <= 900_000.0);
        Some(Latency {
            stable_ms: median(stable)?,
            canary_ms: median(canary)?,
        })
    };
    read().ok_or_else(|| {
        "write BASE_MS:CANARY_MS, two median durations above 0 and at most 900000 ms, such as 50:90"
            .to_owned()
    })
}

fn outage(text: &str) -> Result<Outage, String> {
    let form = "write START+MIN:RATE: minutes after the start, minutes, and the share of requests \
                that fail, such as 2+5:50%";
    let read = || {
        let (times, errors) = text.split_once(':')?;
        let (start, length) = times.split_once('+')?;
        Some(Outage {
            start: minutes(start).ok()?,
            minutes: minutes(length).ok().filter(|minutes| *minutes > 0.0)?,
            errors: share(errors.trim()).ok()?,
        })
    };
    read().ok_or_else(|| form.to_owned())
}

fn burst(text: &str) -> Result<Bursts, String> {
    let read = || {
        let (size, per_hour) = text.split_once(':')?;
        let size = size.trim().parse().ok();
        Some(Bursts {
            size: size.filter(|size| (1..=1_000_000).contains(size))?,
            per_hour: number(per_hour).filter(|bursts| *bursts <= 3600.0)?,
        })
    };
    read().ok_or_else(|| {
        "write SIZE:PER_HOUR: requests in a burst, 1 to 1000000, and bursts an hour, 0 to 3600, such \
         as 5:20"
            .to_owned()
    })
}

fn alarm(text: &str) -> Result<AliasAlarm, String> {
    let (above, periods) = match text.split_once(':') {
        Some((above, periods)) => (above, periods.trim().parse().ok()),
        None => (text, Some(AliasAlarm::default().periods)),
    };
    let above = if above.trim().ends_with('%') {
        let share = share(above.trim()).ok().filter(|share| *share < 1.0);
        share.map(Above::Share)
    } else {
        number(above).map(Above::Errors)
    };
    let periods = periods.filter(|periods| (1..=PERIODS_MAX).contains(periods));
    above
        .zip(periods)
        .map(|(above, periods)| AliasAlarm { above, periods })
        .ok_or_else(|| {
            format!(
                "write ABOVE or ABOVE:PERIODS: errors a minute, or a share below 100%, and 1 to \
                 {PERIODS_MAX} minutes, such as 5 or 1%:3"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_between_none_and_all() {
        assert_eq!(weight("10%"), weight("0.1"));
        assert_eq!(weight("0.25%").unwrap().basis_points(), 25);
        for wrong in ["0", "0%", "100%", "1", "0.001%", "-10%", "NaN", "110%", ""] {
            assert!(weight(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn outages_say_when_how_long_and_how_bad() {
        let expected = Outage {
            start: 2.0,
            minutes: 5.5,
            errors: 0.5,
        };
        for text in ["2+5.5:50%", "2+5.5:0.5", " 2 + 5.5 : 50 %"] {
            assert_eq!(outage(text), Ok(expected), "{text}");
        }
        for wrong in [
            "", "2", "2+5", "2:50%", "2+5:5", "2+5:-1%", "-2+5:1%", "2+0:1%", "2+-5:1%",
            "2+NaN:1%", "2+1e9:1%", "inf+5:1%", "2+5:1%:1", "2m+5m:1%",
        ] {
            let said = outage(wrong).unwrap_err();
            assert!(said.contains("START+MIN:RATE"), "{wrong}: {said}");
        }
    }

    #[test]
    fn bursts_latencies_and_minutes() {
        let bursts = Bursts {
            size: 5,
            per_hour: 0.5,
        };
        assert_eq!(burst("5:0.5"), Ok(bursts));
        for wrong in ["5", "0:1", "5:-1", "1.5:1", "5:NaN", "5:3601", ":"] {
            assert!(
                burst(wrong).unwrap_err().contains("SIZE:PER_HOUR"),
                "{wrong}"
            );
        }
        let expected = Latency {
            stable_ms: 50.0,
            canary_ms: 90.5,
        };
        assert_eq!(latency("50:90.5"), Ok(expected));
        for wrong in [
            "50",
            "0:50",
            "50:-1",
            "50:NaN",
            "50:1e6",
            "50:90:1",
            "50ms:90ms",
        ] {
            assert!(
                latency(wrong).unwrap_err().contains("BASE_MS:CANARY_MS"),
                "{wrong}"
            );
        }
        assert_eq!(minutes("2.5"), Ok(2.5));
        for wrong in ["-1", "NaN", "inf", "5m", "", "10081"] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn alarms_count_or_take_shares() {
        let of = |above, periods| Ok(AliasAlarm { above, periods });
        for (text, expected) in [
            ("0:2", of(Above::Errors(0.0), 2)),
            ("5", of(Above::Errors(5.0), 2)),
            ("1%", of(Above::Share(0.01), 2)),
            ("0.5 %:3", of(Above::Share(0.005), 3)),
            ("12.5:30", of(Above::Errors(12.5), 30)),
        ] {
            assert_eq!(alarm(text), expected, "{text}");
        }
        assert_eq!(alarm("0:2"), Ok(AliasAlarm::default()));
        for wrong in [
            "", "-1", "NaN", "100%", "-1%", "1:0", "1:31", "1:x", "1:1:1", "inf", "%",
        ] {
            let said = alarm(wrong).unwrap_err();
            assert!(said.contains("ABOVE:PERIODS"), "{wrong}: {said}");
        }
    }
}
