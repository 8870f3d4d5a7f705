//! What is wrong with a definition's text, each problem with its line and column and what to do about it.
//! Nothing is stored and nothing in force is asked. Pure.

use super::definition::{Document, InvalidDefinition};
use super::{Definition, diff};
use crate::expression::spelling::nearest;
use crate::secret::MissingSecret;
use place::locate;

mod place;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In the text, from 1.
    pub line: usize,
    pub column: usize,
    /// As in `steps.1.http.url`, steps and triggers counted from 0; empty for the whole text.
    pub path: String,
    pub message: String,
    pub hint: Option<String>,
}

/// What a text turned out to be.
#[derive(Debug)]
pub struct Checked {
    /// What it says, where it has the shape of a definition at all.
    pub document: Option<Document>,
    /// Compiled, where nothing is wrong with it.
    pub definition: Option<Definition>,
    pub findings: Vec<Finding>,
}

/// Reads YAML or JSON and compiles it.
pub fn check(text: &str) -> Checked {
    let document = match Definition::read(text) {
        Ok(document) => document,
        Err(error) => {
            let findings = vec![unreadable(text, &error)];
            return Checked { document: None, definition: None, findings };
        }
    };
    match Definition::examine(document.clone()) {
        Ok(definition) => {
            Checked { document: Some(document), definition: Some(definition), findings: Vec::new() }
        }
        Err(problems) => {
            let finding = |(step, problem): (Option<usize>, InvalidDefinition)| {
                finding(text, &document, step, problem)
            };
            let findings = problems.into_iter().map(finding).collect();
            Checked { document: Some(document), definition: None, findings }
        }
    }
}

impl Checked {
    /// Adds the secrets that are missing, where each is read.
    pub(crate) fn lacks(&mut self, text: &str, missing: Vec<MissingSecret>) {
        let Some(document) = &self.document else { return };
        for MissingSecret { step, at, name } in missing {
            let message = format!("there is no secret `{name}`");
            let hint = Some(format!("set it with `sluice secrets set {name}`, or under Secrets"));
            let problem = InvalidDefinition::Place { at, message, within: None, hint };
            self.findings.push(finding(text, document, Some(step), problem));
        }
    }
}

/// The same for a definition that was filled into a form: the text is made from it first.
pub fn check_form(json: &serde_json::Value) -> (String, Checked) {
    let text = match serde_json::from_value::<Document>(json.clone()) {
        Ok(document) => diff::yaml(&document),
        Err(_) => serde_yaml_ng::to_string(json).unwrap_or_default(),
    };
    let checked = check(&text);
    (text, checked)
}

/// YAML that cannot be read, or that has another shape.
fn unreadable(text: &str, error: &InvalidDefinition) -> Finding {
    let InvalidDefinition::Unreadable(yaml) = error else {
        let message = error.to_string();
        return Finding { line: 1, column: 1, path: String::new(), message, hint: None };
    };
    let (line, column) = yaml.location().map_or((1, 1), |at| (at.line(), at.column()));
    let told = yaml.to_string();
    let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(message, _)| message);
    let (path, message) = match told.split_once(": ") {
        Some((path, message)) if is_path(path) => (dotted(path), message),
        _ => (String::new(), told),
    };
    let empty = text.trim().is_empty();
    let message = if empty { "there is no definition here".to_owned() } else { plain(message) };
    let hint = match empty {
        true => Some("begin with `name:`, `triggers:` and `steps:`".to_owned()),
        false => shape_hint(&message),
    };
    Finding { line, column, path, message, hint }
}

/// Whether it names a place, as `steps[0].http` does.
fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "[]._-".contains(c))
}

fn dotted(path: &str) -> String {
    path.replace('[', ".").replace(']', "").trim_start_matches('.').to_owned()
}

/// The parser speaks of Rust's types; people write YAML.
fn plain(message: &str) -> String {
    message
        .replace("expected a string", "expected a text")
        .replace("expected struct Document", "expected a definition with name, triggers and steps")
        .replace("expected struct OrderDocument", "expected `key:` with an expression")
        .replace("a sequence", "a list")
        .replace("unit value", "nothing")
}

fn shape_hint(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") {
        let unknown = quoted.next()?.to_owned();
        return Some(match nearest(&unknown, quoted) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "this field does not exist here: leave it out".to_owned(),
        });
    }
    if message.starts_with("missing field") {
        return Some(format!("add `{}:`", quoted.next()?));
    }
    let colon = message.contains("mapping values are not allowed");
    colon.then(|| "put a text that contains `: ` or begins with a sign into quotes".to_owned())
}

/// A definition of the right shape with something wrong in it.
fn finding(
    text: &str,
    document: &Document,
    step: Option<usize>,
    problem: InvalidDefinition,
) -> Finding {
    let InvalidDefinition::Place { at, message, within, hint: own } = problem else {
        return unreadable(text, &problem);
    };
    let path = match step {
        Some(number) => numbered(&at, number, &document.steps[number].id),
        None => at,
    };
    let (mut line, mut column, quoted) = locate(text, &path);
    // Inside a text on one line the place is known to the letter.
    if let Some((1, inner)) = within
        && let Some(quotes) = quoted
        && !is_template(&path)
    {
        column += inner - 1 + quotes;
    } else if let (Some((inner, _)), None) = (within, quoted) {
        line += inner;
        column = 1;
    }
    let hint = own.or_else(|| hint(&path));
    Finding { line, column, path, message, hint }
}

/// `steps.notify.http.url` → `steps.0.http.url`.
fn numbered(at: &str, number: usize, id: &str) -> String {
    let rest = at.strip_prefix("steps.").and_then(|rest| rest.strip_prefix(id)).unwrap_or("");
    format!("steps.{number}{rest}")
}

/// Where the expression begins somewhere inside the text.
fn is_template(path: &str) -> bool {
    !(path.ends_with(".filter") || path.ends_with(".when") || path == "order.key")
}

fn hint(path: &str) -> Option<String> {
    let last = path.rsplit('.').next().unwrap_or_default();
    let hint = match last {
        "name" => "a name such as `Notify warehouse`",
        "triggers" => "add `- eventType: order.*`",
        "steps" => "add `- id: notify` with one of http, transform, delay, emit, fail",
        "eventType" if path.starts_with("triggers") => {
            "a pattern such as `order.*` for one segment or `order.**` for one and more"
        }
        "eventType" => "a type such as `order.escalated`",
        "filter" | "when" => "an expression such as `event.payload.total > 100`",
        "url" => "an address such as `https://warehouse.example/orders`",
        "timeout" | "for" | "initial" | "max" => "a number and a unit, as in 500ms, 15s, 10m, 1h",
        "key" => "an expression such as `event.payload.customer`",
        "attempts" | "concurrency" => "a number such as 8",
        "followRedirects" => "a number such as 1",
        "method" => "a method such as POST",
        _ => return None,
    };
    Some(hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name: Notify
triggers:
  - eventType: order.*
    filter: event.payload.total > 100
    input: { orderId: \"${event.payload.id}\" }
steps:
  - id: notify
    http: { url: \"https://warehouse.example\", timeout: 15s }
    retry: { attempts: 8 }
  - id: wait
    delay:
      for: 10m
";

    #[track_caller]
    fn check_one(from: &str, to: &str, line: usize, column: usize, path: &str, says: &str) {
        assert!(GOOD.contains(from), "{from}");
        let checked = check(&GOOD.replace(from, to));
        let [finding] = checked.findings.as_slice() else { panic!("{:?}", checked.findings) };
        assert_eq!(
            (finding.line, finding.column, finding.path.as_str()),
            (line, column, path),
            "{finding:?}"
        );
        let told = format!("{} {}", finding.message, finding.hint.as_deref().unwrap_or_default());
        assert!(told.contains(says), "{told}");
    }

    #[test]
    fn a_problem_is_named_by_line_column_and_path() {
        assert_eq!(check(GOOD).findings, []);
        check_one("order.*", "order.x*", 3, 16, "triggers.0.eventType", "order.**");
        check_one("total > 100", "total >", 4, 34, "triggers.0.filter", "ends too early");
        check_one(
            "event.payload.total >",
            "payload.total >",
            4,
            13,
            "triggers.0.filter",
            "not known",
        );
        check_one("10m", "soon", 12, 12, "steps.1.delay.for", "10m");
        check_one("id: wait", "id: notify", 10, 5, "steps.1", "two steps have this id");
        check_one("${event.payload.id}", "${evnt.id}", 5, 23, "triggers.0.input.orderId", "`evnt`");
        check_one("https", "ftp", 8, 18, "steps.0.http.url", "https://warehouse");
        check_one("timeout: 15s", "timeot: 15s", 8, 47, "steps.0.http", "did you mean `timeout`?");
        check_one("  - id: wait\n", "  - wait: 1\n", 10, 5, "steps.1", "wait");
        check_one("name: Notify\n", "", 1, 1, "", "add `name:`");
        check_one(
            "steps:\n",
            "concurrency: 0\nsteps:\n",
            6,
            14,
            "concurrency",
            "10000 runs at once",
        );
        check_one("steps:\n", "order: { key: evt.id }\nsteps:\n", 6, 15, "order.key", "`evt`");
        check_one("steps:\n", "order: evt.id\nsteps:\n", 6, 8, "order", "`key:`");
    }

    #[test]
    fn what_a_step_cannot_read_is_named_with_what_it_may_have_meant() {
        let when = |expression: &str| format!("id: wait\n    when: {expression}");
        let id = "id: wait";
        let path = "steps.1.when";
        check_one(id, &when("1 == steps.notfiy.output"), 11, 16, path, "did you mean `notify`?");
        check_one(
            id,
            &when("steps['wait'].output"),
            11,
            11,
            path,
            "steps before this one are notify",
        );
        let dashed =
            GOOD.replace("id: notify", "id: notify-it").replace(id, &when("steps.notify-it.a"));
        let [finding] = &*check(&dashed).findings else { panic!("{dashed}") };
        let hint = "a dash after a dot is a minus: write steps[\"notify-it\"]";
        assert_eq!((finding.line, finding.hint.as_deref()), (11, Some(hint)), "{finding:?}");
        let emit = GOOD.replace("delay:\n      for: 10m", "emit: { eventType: order.again }");
        assert_eq!(check(&emit).findings, [], "the trigger has a filter");
        let [finding] =
            &*check(&emit.replace("    filter: event.payload.total > 100\n", "")).findings
        else {
            panic!("a circle")
        };
        assert_eq!((finding.line, finding.path.as_str()), (10, "steps.1.emit.eventType"));
        assert!(finding.hint.as_ref().is_some_and(|hint| hint.contains("filter")), "{finding:?}");
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let text = GOOD.replace("order.*", "order..x").replace("10m", "soon").replace("15s", "0s");
        let paths: Vec<_> = check(&text).findings.into_iter().map(|it| it.path).collect();
        assert_eq!(paths, ["triggers.0.eventType", "steps.0.http.timeout", "steps.1.delay.for"]);
    }

    #[test]
    fn what_cannot_be_read_is_still_told_by_its_line() {
        let broken = check("name: a\ntriggers: [\n");
        assert!(broken.document.is_none() && broken.findings[0].line >= 2, "{:?}", broken.findings);
        assert_eq!(check("").findings[0].message, "there is no definition here");
        let form = serde_json::json!({ "name": "a", "triggers": [], "steps": [{ "id": "s" }] });
        let (text, checked) = check_form(&form);
        assert!(text.starts_with("name: a\n"), "{text}");
        assert_eq!(checked.findings.len(), 2, "{:?}", checked.findings);
    }
}
