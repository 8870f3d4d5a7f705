//! Takes out of the linked program what nothing calls, and the linker cannot know.
//!
//! Every view carries, in its table of methods, how it would be hydrated piece by piece; `frontend`
//! hydrates the whole body at once. That is a sixth of the program, and more of what is shared.
//!
//! Bodies are replaced in place, so that everything else keeps its position, and the relocations
//! inside them are left out, so that nothing counts as used by them any more.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context, Result};
use wasm_encoder::{Encode, Module, RawSection};
use wasmparser::{
    BinaryReader, CustomSectionReader, FunctionBody, KnownCustom, Name, NameSectionReader,
    Operator, Parser, Payload, RelocSectionReader, TypeRef,
};

/// As the compiler spells what polls the future of any type's `hydrate_async`, before its hash; not
/// what is inside of it, of which it makes one with the equal parts of `hydrate`. Another spelling
/// leaves the program whole, only larger, and the size is guarded.
const UNCALLED: &str = "13hydrate_async28_$u7b$$u7b$closure$u7d$$u7d$17h";

/// Of short functions, too, the compiler makes one when they are equal, under either's name; and
/// they are worth nothing.
const LONG: usize = 128;

const CODE_SECTION: u8 = 10;
const CODE_RELOCATIONS: &str = "reloc.CODE";

/// `linked` has relocations (`--emit-relocs`), and so has what is returned.
pub(super) fn piecemeal_hydration(linked: &[u8]) -> Result<Vec<u8>> {
    let program = Program::read(linked).context("the linker's output could not be read")?;
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(linked) {
        let payload = payload?;
        let Some((id, section)) = payload.as_section() else { continue };
        let section = indices(section);
        let data = match (&payload, id) {
            (Payload::CustomSection(custom), _) if custom.name() == CODE_RELOCATIONS => {
                program.relocations_left(custom)?
            }
            (_, CODE_SECTION) => program.code_left(linked, section),
            _ => linked[section].to_vec(),
        };
        module.section(&RawSection { id, data: &data });
    }
    Ok(module.finish())
}

/// Where things are in the linked file.
#[derive(Default)]
struct Program {
    code: Range<usize>,
    /// Bodies of uncalled functions, in order.
    uncalled: Vec<Range<usize>>,
}

impl Program {
    fn read(linked: &[u8]) -> Result<Self> {
        let mut program = Self::default();
        let (mut imported, mut bodies, mut named) = (0, Vec::new(), HashSet::new());
        for payload in Parser::new(0).parse_all(linked) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let is_function =
                            matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_));
                        imported += usize::from(is_function);
                    }
                }
                Payload::CodeSectionStart { range, .. } => program.code = indices(range),
                Payload::CodeSectionEntry(body) => bodies.push(body),
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(names) = custom.as_known() {
                        named = uncalled_functions(names)?;
                    }
                }
                _ => {}
            }
        }
        let uncalled = without_called(named, imported, &bodies)?;
        program.uncalled = bodies
            .iter()
            .map(|body| indices(body.range()))
            .enumerate()
            .filter(|(index, body)| body.len() >= LONG && uncalled.contains(&(imported + index)))
            .map(|(_, body)| body)
            .collect();
        Ok(program)
    }

    fn code_left(&self, linked: &[u8], section: Range<usize>) -> Vec<u8> {
        const NO_LOCALS: u8 = 0x00;
        const UNREACHABLE: u8 = 0x00;
        const NOP: u8 = 0x01;
        const END: u8 = 0x0b;
        let mut code = linked[section.clone()].to_vec();
        for body in &self.uncalled {
            let body = &mut code[body.start - section.start..body.end - section.start];
            body.fill(NOP);
            body[0] = NO_LOCALS;
            body[1] = UNREACHABLE;
            body[body.len() - 1] = END;
        }
        code
    }

    /// The relocations outside of uncalled bodies, as they were.
    fn relocations_left(&self, section: &CustomSectionReader<'_>) -> Result<Vec<u8>> {
        let data = section.data();
        let relocations = RelocSectionReader::new(BinaryReader::new(data, 0))?;
        let mut entries = Vec::new();
        for entry in relocations.entries().into_iter_with_offsets() {
            let (start, entry) = entry?;
            entries.push((usize::try_from(start)?, self.code.start + entry.offset as usize));
        }
        let ends = entries.iter().skip(1).map(|(start, _)| *start).chain([data.len()]);
        let (mut count, mut left) = (0_u32, Vec::new());
        for ((start, place), end) in entries.iter().zip(ends) {
            if !self.is_uncalled(*place) {
                count += 1;
                left.extend_from_slice(&data[*start..end]);
            }
        }
        let mut out = Vec::new();
        CODE_RELOCATIONS.encode(&mut out);
        relocations.section_index().encode(&mut out);
        count.encode(&mut out);
        out.extend(left);
        Ok(out)
    }

    fn is_uncalled(&self, place: usize) -> bool {
        let after = self.uncalled.partition_point(|body| body.end <= place);
        self.uncalled.get(after).is_some_and(|body| body.contains(&place))
    }
}

/// Those of the functions that only each other call.
fn without_called(
    named: HashSet<usize>,
    imported: usize,
    bodies: &[FunctionBody<'_>],
) -> Result<HashSet<usize>> {
    let mut uncalled = named;
    let mut callers: Vec<usize> =
        (imported..imported + bodies.len()).filter(|caller| !uncalled.contains(caller)).collect();
    while let Some(caller) = callers.pop() {
        for operator in bodies[caller - imported].get_operators_reader()? {
            if let Operator::Call { function_index } = operator? {
                let called = function_index as usize;
                if uncalled.remove(&called) {
                    callers.push(called);
                }
            }
        }
    }
    Ok(uncalled)
}

fn uncalled_functions(names: NameSectionReader<'_>) -> Result<HashSet<usize>> {
    let mut found = HashSet::new();
    for subsection in names {
        let Name::Function(functions) = subsection? else { continue };
        for function in functions {
            let function = function?;
            if function.name.contains(UNCALLED) {
                found.insert(function.index as usize);
            }
        }
    }
    Ok(found)
}

fn indices(range: Range<u64>) -> Range<usize> {
    let index = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
    index(range.start)..index(range.end)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, CustomSection, Function, FunctionSection, NameMap, NameSection, TypeSection,
    };

    use super::*;

    const UNCALLED_NAME: &str = "_ZN3any13hydrate_async28_$u7b$$u7b$closure$u7d$$u7d$17h0E";
    const BODY: usize = LONG + 8;

    /// Two functions of `BODY` bytes and a relocation in each of them.
    fn linked(first: &str, second: &str) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let (mut functions, mut code, mut names) =
            (FunctionSection::new(), CodeSection::new(), NameMap::new());
        for (index, name) in [(0, first), (1, second)] {
            functions.function(0);
            let mut body = Function::new([]);
            body.raw([0x01; BODY - 2]);
            body.instructions().end();
            code.function(&body);
            names.append(index, name);
        }
        let mut all = NameSection::new();
        all.functions(&names);
        // Section 2, two entries: a function's number at these places of the code.
        let (one, two) = (10, u8::try_from(BODY).expect("short") + 10);
        let leb = |place: u8| [place | 0x80, 0x01 & (place >> 7)];
        let entries = [vec![2, 2, 0], leb(one).to_vec(), vec![1, 0], leb(two).to_vec(), vec![1]];
        let data = entries.concat();
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code).section(&all);
        module.section(&CustomSection { name: CODE_RELOCATIONS.into(), data: data.into() });
        module.finish()
    }

    fn relocations(module: &[u8]) -> u32 {
        let payloads = Parser::new(0).parse_all(module).map(|payload| payload.expect("valid"));
        let count = |payload| match payload {
            Payload::CustomSection(custom) if custom.name() == CODE_RELOCATIONS => {
                let reader = RelocSectionReader::new(BinaryReader::new(custom.data(), 0));
                Some(reader.expect("relocations").entries().count())
            }
            _ => None,
        };
        payloads.filter_map(count).sum()
    }

    #[test]
    fn only_what_is_uncalled_loses_its_body_and_its_relocations() {
        let whole = linked("_ZN3any7hydrateE", "_ZN3any5buildE");
        assert_eq!(piecemeal_hydration(&whole).expect("valid"), whole);
        let before = linked("_ZN3any7hydrateE", UNCALLED_NAME);
        let after = piecemeal_hydration(&before).expect("valid");
        assert_eq!((relocations(&before), relocations(&after)), (2, 1));
        wasmparser::validate(&after).expect("still a module");
    }
}
