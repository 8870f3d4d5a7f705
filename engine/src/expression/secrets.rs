//! Which secrets an expression reads. They are known before it is evaluated, so that a name that nobody
//! set is refused early, and only what is read is ever decrypted.
//!
//! Invariant: what this does not see is not in the expression's scope, so it has no value there.

use std::collections::BTreeSet;

use super::scope::SECRET;

/// The names after `secret.`, or where the variable stands without one.
pub(super) fn named(source: &str) -> Result<Vec<String>, usize> {
    let mut names = BTreeSet::new();
    let mut rest = source;
    let mut field = false;
    while let Some(first) = rest.chars().next() {
        let at = source.len() - rest.len();
        if is_quote(first) {
            rest = after_text(rest, first);
            field = false;
        } else if is_letter(first) {
            let word = &rest[..rest.find(|c| !is_letter(c)).unwrap_or(rest.len())];
            rest = &rest[word.len()..];
            if word == SECRET && !field {
                let name = rest.trim_start().strip_prefix('.').map(str::trim_start);
                let name = name
                    .map_or("", |name| &name[..name.find(|c| !is_letter(c)).unwrap_or(name.len())]);
                if name.is_empty() {
                    return Err(at);
                }
                names.insert(name.to_owned());
            }
            field = false;
        } else {
            field = first == '.' || (field && first.is_whitespace());
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(names.into_iter().collect())
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'')
}

fn is_letter(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// What follows a text in quotes, of which there may be three.
fn after_text(text: &str, quote: char) -> &str {
    let triple = quote.to_string().repeat(3);
    let end = if text.starts_with(&triple) { triple } else { quote.to_string() };
    let mut inside = &text[end.len()..];
    while !inside.is_empty() && !inside.starts_with(&end) {
        let escaped = inside.starts_with('\\');
        let mut characters = inside.chars();
        characters.next();
        if escaped {
            characters.next();
        }
        inside = characters.as_str();
    }
    inside.get(end.len()..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: Result<&[&str], usize>) {
        let expected = expected.map(|names| names.iter().map(ToString::to_string).collect());
        assert_eq!(named(source), expected, "{source}");
    }

    #[test]
    fn names_are_found_where_they_are_read() {
        check("secret.TOKEN", Ok(&["TOKEN"]));
        check("'Bearer ' + secret . B + secret.A + secret.B", Ok(&["A", "B"]));
        check("event.payload.secret + input.secret.x", Ok(&[]));
        check(r#"'secret' + "a \" secret.X" + '''secret'.Y'''"#, Ok(&[]));
        check("mysecret + secrets", Ok(&[]));
    }

    #[test]
    fn a_secret_without_a_name_is_refused() {
        check("secret", Err(0));
        check("size(secret)", Err(5));
        check("secret[input.which]", Err(0));
        check("x == secret . ", Err(5));
    }
}
