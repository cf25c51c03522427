//! One call of one of our functions: on its way, as it takes effect, and on its way back.

use jiff::SignedDuration;
use lambda_canary::local::{self, Request};
use lambda_canary::sim::{Effect, FaultRule, Outage, Service};
use rand::RngExt as _;
use serde_json::Value;
use std::sync::Arc;

use crate::account;
use crate::record::{By, Call, Caller, Noted};
use crate::system::{Sim, State};
use crate::trouble::{Act, Mishap, Trouble, When, Word};
use crate::wire::{Heard, pause};

/// So long a read may show the alias as it was before a write.
const STALE: SignedDuration = SignedDuration::from_secs(10);

/// What is to become of a call.
struct Course {
    service: Service,
    operation: String,
    number: u32,
    mishap: Option<Mishap>,
}

impl Sim {
    /// Carries a request out. Whoever asked need not wait for it.
    pub async fn carry(self: Arc<Self>, request: Request, caller: Caller) -> Heard {
        pause(self.with(|state| state.rng.random_range(1..40))).await;
        let course = self.with(|state| state.course(&request));
        match course.mishap {
            Some(Mishap::Slow(milliseconds)) => pause(milliseconds.into()).await,
            Some(Mishap::Dies(Effect::BeforeEffect)) => {
                self.with(|state| state.note(&caller, &course, "no effect", None));
                return Heard::Death;
            }
            _ => {}
        }
        let heard = self.with(|state| {
            state.acts(When::Before, &course);
            let heard = state.carry(request, &caller, &course);
            state.acts(When::After, &course);
            heard
        });
        pause(self.with(|state| state.rng.random_range(1..40))).await;
        match course.mishap {
            Some(Mishap::Dies(Effect::AfterEffect)) => Heard::Death,
            _ => heard,
        }
    }
}

impl State {
    fn course(&mut self, request: &Request) -> Course {
        let (service, operation) = local::operation_of(request)
            .expect("the functions call nothing that the simulated AWS does not have");
        let counted = self.calls.entry(operation.clone()).or_default();
        let number = *counted;
        *counted += 1;
        let met = self
            .scenario
            .troubles
            .iter()
            .find_map(|trouble| match trouble {
                Trouble::Call {
                    operation: meant,
                    from,
                    times,
                    mishap,
                } if meant.0 == operation
                    && (*from..from.saturating_add(*times)).contains(&number) =>
                {
                    Some((*trouble, *mishap))
                }
                _ => None,
            });
        if let Some((trouble, _)) = &met {
            self.record.inject(trouble.kind());
        }
        let mishap = met.map(|(_, mishap)| mishap);
        Course {
            service,
            operation,
            number,
            mishap,
        }
    }

    /// What somebody does just before or after this call.
    fn acts(&mut self, side: fn(Word, u32) -> When, course: &Course) {
        let acts: Vec<Act> = self
            .scenario
            .troubles
            .iter()
            .filter_map(|trouble| match trouble {
                Trouble::Act(
                    when @ (When::Before(operation, number) | When::After(operation, number)),
                    act,
                ) if operation.0 == course.operation
                    && *number == course.number
                    && *when == side(*operation, *number) =>
                {
                    Some(*act)
                }
                _ => None,
            })
            .collect();
        for act in acts {
            match act {
                // At the next moment: they need more than the world.
                Act::OldTick | Act::RunAlone { .. } | Act::Interrupt | Act::RollBackAlone => {
                    self.timed.push((self.world.now(), act));
                }
                _ => account::act(self, act),
            }
        }
    }

    fn carry(&mut self, request: Request, caller: &Caller, course: &Course) -> Heard {
        match course.mishap {
            Some(Mishap::Fails(kind, effect)) => {
                let mut rule = FaultRule::new(kind, self.world.now()).on(course.service);
                rule = rule.operation(&course.operation).times(1);
                rule.effect = effect;
                self.world.add_fault(rule);
            }
            Some(Mishap::Stale) => {
                if let Some(stale) = self.stale() {
                    self.note(caller, course, "stale", None);
                    return Heard::Answer(stale);
                }
            }
            _ => {}
        }
        let told = told(&request, &course.operation);
        let open = self.world.open_hooks();
        let result = local::answer(&mut self.world, request);
        self.answered(&open, told);
        self.notice(&By::Function(caller.clone()));
        let said = match &result {
            Ok(answer) => answer.status().as_u16().to_string(),
            Err(outage) => outage.to_string(),
        };
        let ok = matches!(&result, Ok(answer) if answer.status().is_success());
        let alarm = (ok && course.operation == "DescribeAlarms")
            .then(|| account::alarm_state(&mut self.world).unwrap_or_else(|| "missing".to_owned()));
        self.note(caller, course, &said, alarm);
        match result {
            Ok(answer) => {
                if ok && course.operation == "GetAlias" {
                    self.shown = Some(answer.clone());
                }
                Heard::Answer(answer)
            }
            Err(outage @ (Outage::Timeout | Outage::ConnectionReset)) => Heard::Outage(outage),
        }
    }

    /// The alias as `GetAlias` showed it last, if it was changed only seconds ago: no read stays old
    /// for long.
    fn stale(&self) -> Option<local::Answer> {
        let changed = self.record.changes.last()?.at;
        let young = self.world.now().duration_since(changed) < STALE;
        self.shown.clone().filter(|_| young)
    }

    fn note(&mut self, caller: &Caller, course: &Course, result: &str, alarm: Option<String>) {
        let at = self.world.now();
        let operation = course.operation.clone();
        self.record.tell(at, || {
            let mishap = course
                .mishap
                .map_or(String::new(), |mishap| format!(" ({mishap:?})"));
            let alarm = alarm.as_deref().unwrap_or_default();
            format!(
                "  {} #{}: {operation} #{} {result} {alarm}{mishap}",
                caller.action, caller.invocation, course.number
            )
        });
        let call = Call {
            at,
            by: caller.clone(),
            operation,
            result: result.to_owned(),
            alarm,
        };
        let refused = call.operation == "UpdateAlias" && !result.starts_with('2');
        if course.mishap.is_some() || refused {
            self.record
                .note(at, || Noted::Met(call.clone(), course.mishap));
        }
        self.record.calls.push(call);
    }

    /// A hook that was open before and is not any more has been answered.
    fn answered(
        &mut self,
        open: &[lambda_canary::sim::deployments::OpenHook],
        told: Option<(String, String)>,
    ) {
        let Some((id, answer)) = told else { return };
        let was_open = open.iter().any(|one| one.hook_execution_id == id);
        let is_open = self
            .world
            .open_hooks()
            .iter()
            .any(|one| one.hook_execution_id == id);
        let at = self.world.now();
        if let (true, false, Some(hook)) = (was_open, is_open, self.record.hooks.get_mut(&id)) {
            let event = hook.event.clone();
            hook.answers.push((at, answer.clone()));
            self.record.note(at, || Noted::Answered(event, answer));
        }
    }
}

/// Of an answer to a hook: which one, and what it says.
fn told(request: &Request, operation: &str) -> Option<(String, String)> {
    if operation != "PutLifecycleEventHookExecutionStatus" {
        return None;
    }
    let body: Value = serde_json::from_slice(request.body()).ok()?;
    let text = |name: &str| Some(body.get(name)?.as_str()?.to_owned());
    Some((text("lifecycleEventHookExecutionId")?, text("status")?))
}
