//! New numbers for the functions of modules that become one.
//!
//! Modules call each other through the table of functions, each by way of a small function that
//! looks its target up there. In one module such a detour is not needed: callers get the number of
//! the target itself, or that of the one detour that is left to a target outside.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result};
use wasmparser::{ElementItems, ElementKind, FunctionBody, Operator, Parser, Payload};

/// For each function of a module its new number, and whether its body is kept: new numbers are those
/// of kept bodies, counted through all modules.
pub(super) struct Numbering {
    pub(super) functions: Vec<u32>,
    pub(super) kept: Vec<bool>,
}

pub(super) fn of(modules: &[Vec<u8>]) -> Result<Vec<Numbering>> {
    let modules: Vec<Contents> =
        modules.iter().map(|module| Contents::read(module)).collect::<Result<_>>()?;
    let own: HashSet<u32> =
        modules.iter().flat_map(|module| module.places.keys()).copied().collect();

    let mut at_place: HashMap<u32, u32> = HashMap::new();
    let mut next = 0_u32;
    let mut numbers: Vec<Vec<Option<u32>>> = Vec::new();
    for module in &modules {
        let mut numbered = Vec::new();
        for detour in &module.detours {
            let is_needless =
                detour.is_some_and(|place| own.contains(&place) || at_place.contains_key(&place));
            let number = (!is_needless).then_some(next);
            next += u32::from(!is_needless);
            numbered.push(number);
            if let (Some(place), Some(number)) = (detour, number) {
                at_place.insert(*place, number);
            }
        }
        for (place, function) in &module.places {
            let number = numbered.get(*function).copied().flatten();
            at_place.insert(*place, number.context("the table has functions of the module")?);
        }
        numbers.push(numbered);
    }

    let number = |(number, detour): (&Option<u32>, &Option<u32>)| {
        number.or_else(|| at_place.get(detour.as_ref()?).copied())
    };
    modules
        .iter()
        .zip(&numbers)
        .map(|(module, numbered)| {
            let functions = numbered.iter().zip(&module.detours).map(number);
            let functions: Option<Vec<u32>> = functions.collect();
            Ok(Numbering {
                functions: functions.context("a detour leads to a place")?,
                kept: numbered.iter().map(Option::is_some).collect(),
            })
        })
        .collect()
}

#[derive(Default)]
struct Contents {
    /// For each function the place in the table that it leads to, if that is all it does.
    detours: Vec<Option<u32>>,
    /// Functions by their place in the table.
    places: BTreeMap<u32, usize>,
}

impl Contents {
    fn read(module: &[u8]) -> Result<Self> {
        let mut contents = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ElementSection(section) => {
                    for segment in section {
                        contents.add_places(segment?)?;
                    }
                }
                Payload::CodeSectionEntry(body) => contents.detours.push(detour(&body)?),
                _ => {}
            }
        }
        for function in contents.places.values() {
            if let Some(detour) = contents.detours.get_mut(*function) {
                *detour = None;
            }
        }
        Ok(contents)
    }

    fn add_places(&mut self, segment: wasmparser::Element<'_>) -> Result<()> {
        let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(functions)) =
            (segment.kind, segment.items)
        else {
            return Ok(());
        };
        if let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? {
            for (place, function) in (value.cast_unsigned()..).zip(functions) {
                self.places.insert(place, function? as usize);
            }
        }
        Ok(())
    }
}

/// The place in the table that a function leads to, with all it was given and nothing else.
fn detour(body: &FunctionBody<'_>) -> Result<Option<u32>> {
    if body.get_locals_reader()?.get_count() > 0 {
        return Ok(None);
    }
    let mut operators = body.get_operators_reader()?;
    let mut parameters = 0;
    loop {
        match operators.read()? {
            Operator::LocalGet { local_index } if local_index == parameters => parameters += 1,
            Operator::I32Const { value } => {
                let calls = matches!(operators.read()?, Operator::CallIndirect { .. });
                let ends = calls && matches!(operators.read()?, Operator::End);
                return Ok((ends && operators.eof()).then_some(value.cast_unsigned()));
            }
            _ => return Ok(None),
        }
    }
}
