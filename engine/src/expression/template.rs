//! JSON with `${…}` in its strings. Alone in a string an expression keeps its type; inside text it
//! is written into the text.

use cel::Value;
use serde_json::Value as Json;

use super::{EvaluationError, Expression, InvalidExpression, Scope, scope};

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Value(Expression),
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Fixed(Json),
    /// `"${…}"` and nothing around it.
    Value(Expression),
    Text(Vec<Part>),
    List(Vec<Node>),
    Fields(Vec<(String, Node)>),
}

/// A compiled template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Node);

/// Which string of the template is wrong: `at` is its path, as in `body.order.id`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{error}", if .at.is_empty() { String::new() } else { format!("{}: ", .at) })]
pub struct InvalidTemplate {
    pub at: String,
    #[source]
    pub error: InvalidExpression,
}

impl Template {
    pub fn compile(json: &Json) -> Result<Self, InvalidTemplate> {
        node(json, "", &scope::NAMES).map(Self)
    }

    /// For the parts of an http step, which may read secrets.
    pub fn compile_in_call(json: &Json) -> Result<Self, InvalidTemplate> {
        node(json, "", &scope::NAMES_IN_CALLS).map(Self)
    }

    /// Whether it reads a secret.
    pub fn is_secret(&self) -> bool {
        self.expressions().iter().any(|expression| !expression.secrets().is_empty())
    }

    pub fn render(&self, scope: &Scope) -> Result<Json, EvaluationError> {
        render(&self.0, scope, &|_| false)
    }

    /// Renders what can be known: expressions for which `unknown` holds stay as they are written.
    pub fn render_known(
        &self,
        scope: &Scope,
        unknown: &dyn Fn(&Expression) -> bool,
    ) -> Result<Json, EvaluationError> {
        render(&self.0, scope, unknown)
    }

    /// All expressions in it.
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        found
    }

    /// The rendered value as text, as it goes into a URL or a header.
    pub fn render_text(&self, scope: &Scope) -> Result<String, EvaluationError> {
        Ok(match self.render(scope)? {
            Json::String(text) => text,
            other => other.to_string(),
        })
    }
}

fn node(json: &Json, at: &str, names: &[&'static str]) -> Result<Node, InvalidTemplate> {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    Ok(match json {
        Json::String(text) if text.contains("${") => {
            let mut parts =
                parts(text, names).map_err(|error| InvalidTemplate { at: at.to_owned(), error })?;
            match (parts.pop(), parts.is_empty()) {
                (Some(Part::Value(expression)), true) => Node::Value(expression),
                (last, _) => Node::Text(parts.into_iter().chain(last).collect()),
            }
        }
        Json::Array(items) => Node::List(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| node(item, &below(&index.to_string()), names))
                .collect::<Result<_, _>>()?,
        ),
        Json::Object(fields) => Node::Fields(
            fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), node(value, &below(name), names)?)))
                .collect::<Result<_, _>>()?,
        ),
        fixed => Node::Fixed(fixed.clone()),
    })
}

/// Splits text at `${…}`; braces and quotes inside an expression are respected, `$${` is a literal
/// `${`.
fn parts(text: &str, names: &[&'static str]) -> Result<Vec<Part>, InvalidExpression> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            literal.push_str(&rest[..at - 1]);
            literal.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let end = end_of_expression(inner).ok_or_else(|| InvalidExpression {
            message: "`${` is never closed: add `}`, or write `$${` for the characters themselves"
                .into(),
            line: 1,
            column: text.len() - rest.len() + at + 1,
        })?;
        if !literal.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut literal)));
        }
        parts.push(Part::Value(Expression::compile_for(inner[..end].trim(), names)?));
        rest = &inner[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Text(literal));
    }
    Ok(parts)
}

fn end_of_expression(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            _ if std::mem::take(&mut escaped) => {}
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn render(
    node: &Node,
    scope: &Scope,
    unknown: &dyn Fn(&Expression) -> bool,
) -> Result<Json, EvaluationError> {
    let value = |expression: &Expression| match unknown(expression) {
        true => Ok(Json::String(format!("${{{}}}", expression.source()))),
        false => to_json(&expression.evaluate(scope)?),
    };
    Ok(match node {
        Node::Fixed(json) => json.clone(),
        Node::Value(expression) => value(expression)?,
        Node::Text(parts) => {
            let mut text = String::new();
            for part in parts {
                match part {
                    Part::Text(literal) => text.push_str(literal),
                    Part::Value(expression) => match value(expression)? {
                        Json::String(inner) => text.push_str(&inner),
                        other => text.push_str(&other.to_string()),
                    },
                }
            }
            Json::String(text)
        }
        Node::List(items) => Json::Array(
            items.iter().map(|item| render(item, scope, unknown)).collect::<Result<_, _>>()?,
        ),
        Node::Fields(fields) => Json::Object(
            fields
                .iter()
                .map(|(name, value)| Ok((name.clone(), render(value, scope, unknown)?)))
                .collect::<Result<_, EvaluationError>>()?,
        ),
    })
}

fn collect<'t>(node: &'t Node, found: &mut Vec<&'t Expression>) {
    match node {
        Node::Fixed(_) => {}
        Node::Value(expression) => found.push(expression),
        Node::Text(parts) => found.extend(parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(expression) => Some(expression),
        })),
        Node::List(items) => items.iter().for_each(|item| collect(item, found)),
        Node::Fields(fields) => fields.iter().for_each(|(_, value)| collect(value, found)),
    }
}

fn to_json(value: &Value) -> Result<Json, EvaluationError> {
    value.json().map_err(|_| {
        EvaluationError::Other("the expression's value cannot be written as JSON".into())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: Json, expected: Json) {
        let event = json!({ "source": "shop", "payload": { "id": 7, "tags": ["a"], "of": 1.5 } });
        let scope = Scope::default().with("event", &event);
        assert_eq!(Template::compile(&template).unwrap().render(&scope).unwrap(), expected);
    }

    #[test]
    fn alone_an_expression_keeps_its_type() {
        check(json!({ "id": "${event.payload.id}" }), json!({ "id": 7 }));
        check(json!("${event.payload}"), json!({ "id": 7, "tags": ["a"], "of": 1.5 }));
        check(json!(["${event.payload.tags}", 1, null]), json!([["a"], 1, null]));
    }

    #[test]
    fn inside_text_it_is_written_into_the_text() {
        check(json!("from ${event.source}: ${event.payload.id}!"), json!("from shop: 7!"));
        check(json!("$${event.source}"), json!("${event.source}"));
        check(json!("${'}' + \"{\"} ${ {'a': 1}.a }"), json!("}{ 1"));
    }

    #[test]
    fn a_wrong_expression_is_named_by_its_path() {
        let refused = Template::compile(&json!({ "a": [{ "b": "${event.}" }] })).unwrap_err();
        assert_eq!(refused.at, "a.0.b");
        assert!(
            Template::compile(&json!("${event.id"))
                .unwrap_err()
                .to_string()
                .contains("never closed")
        );
    }

    #[test]
    fn a_missing_field_is_an_error_that_names_it() {
        let template = Template::compile(&json!("${event.payload.total}")).unwrap();
        let scope = Scope::default().with("event", &json!({ "payload": {} }));
        assert_eq!(template.render(&scope), Err(EvaluationError::NoSuchField("total".into())));
    }
}
