//! JSON with `${…}` in its strings. Alone in a string an expression keeps its type; inside text it
//! is written into the text.

use serde_json::Value as Json;

use super::{EvaluationError, Expression, InvalidExpression, Names, Scope};

/// How much the values of one template may make, as JSON.
const LARGEST: usize = 8 * 1024 * 1024;

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
        Self::compile_for(json, Names::RUN)
    }

    pub fn compile_for(json: &Json, names: Names<'_>) -> Result<Self, InvalidTemplate> {
        node(json, "", names).map(Self)
    }

    /// Whether it reads a secret.
    pub fn is_secret(&self) -> bool {
        self.expressions().iter().any(|expression| !expression.secrets().is_empty())
    }

    pub fn render(&self, scope: &Scope) -> Result<Json, EvaluationError> {
        self.render_known(scope, &|_| false)
    }

    /// Renders what can be known: expressions for which `unknown` holds stay as they are written.
    pub fn render_known(
        &self,
        scope: &Scope,
        unknown: &dyn Fn(&Expression) -> bool,
    ) -> Result<Json, EvaluationError> {
        Rendering { scope, unknown, left: LARGEST }.node(&self.0)
    }

    /// What everything that it renders to begins with; empty where it is no text.
    pub fn beginning(&self) -> &str {
        match &self.0 {
            Node::Fixed(Json::String(text)) => text,
            Node::Text(parts) => match parts.first() {
                Some(Part::Text(text)) => text,
                _ => "",
            },
            _ => "",
        }
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

fn node(json: &Json, at: &str, names: Names<'_>) -> Result<Node, InvalidTemplate> {
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
fn parts(text: &str, names: Names<'_>) -> Result<Vec<Part>, InvalidExpression> {
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
            hint: None,
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

/// One template on its way to JSON.
struct Rendering<'r> {
    scope: &'r Scope,
    unknown: &'r dyn Fn(&Expression) -> bool,
    /// So many bytes more may its values make.
    left: usize,
}

impl Rendering<'_> {
    fn node(&mut self, node: &Node) -> Result<Json, EvaluationError> {
        Ok(match node {
            Node::Fixed(json) => json.clone(),
            Node::Value(expression) => self.value(expression)?,
            Node::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(literal) => text.push_str(literal),
                        Part::Value(expression) => match self.value(expression)? {
                            Json::String(inner) => text.push_str(&inner),
                            other => text.push_str(&other.to_string()),
                        },
                    }
                }
                Json::String(text)
            }
            Node::List(items) => {
                Json::Array(items.iter().map(|item| self.node(item)).collect::<Result<_, _>>()?)
            }
            Node::Fields(fields) => Json::Object(
                fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.node(value)?)))
                    .collect::<Result<_, EvaluationError>>()?,
            ),
        })
    }

    fn value(&mut self, expression: &Expression) -> Result<Json, EvaluationError> {
        if (self.unknown)(expression) {
            return Ok(Json::String(format!("${{{}}}", expression.source())));
        }
        let json = expression.evaluate(self.scope)?;
        self.left = self.left.checked_sub(length(&json)).ok_or(EvaluationError::TooLarge)?;
        Ok(json)
    }
}

/// How many bytes it has when it is written.
pub(crate) fn length(json: &Json) -> usize {
    struct Counted(usize);
    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    match serde_json::to_writer(&mut counted, json) {
        Ok(()) => counted.0,
        Err(_) => usize::MAX,
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: Json, expected: Json) {
        let event = json!({ "source": "shop", "payload": { "id": 7, "tags": ["a"], "of": 1.5 } });
        let scope = Scope::default().with("event", event);
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
    fn the_values_of_a_template_are_bounded_together() {
        let scope = Scope::default().with("event", json!({ "payload": "0".repeat(1 << 20) }));
        let times = |times: usize| {
            let template = Template::compile(&json!(vec!["${event.payload}"; times])).unwrap();
            template.render(&scope).map(|json| length(&json))
        };
        assert!(times(7).is_ok_and(|bytes| bytes > 7 << 20));
        assert_eq!(times(8), Err(EvaluationError::TooLarge));
        let text = Template::compile(&json!("${event.payload}".repeat(8))).unwrap();
        assert_eq!(text.render(&scope), Err(EvaluationError::TooLarge));
        assert_eq!(length(&json!({ "a": [1, "é"] })), 14);
    }

    #[test]
    fn a_missing_field_is_an_error_that_names_it() {
        let template = Template::compile(&json!("${event.payload.total}")).unwrap();
        let scope = Scope::default().with("event", json!({ "payload": {} }));
        assert_eq!(template.render(&scope), Err(EvaluationError::NoSuchField("total".into())));
    }
}
