//! Makes one module of several that were taken from the same program.
//!
//! They have the same types and meet in the main module's memory and table of functions, each with
//! places of its own there. So only the numbers of functions and imported globals have to change.

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, DataSection, ElementSection, Function, FunctionSection, ImportSection, Module,
    RawSection,
};
use wasmparser::{FunctionBody, Import, Operator, Parser, Payload, TypeRef};

use super::numbering::{self, Numbering};

pub(super) fn modules(modules: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut joined = Joined::default();
    for (module, functions) in modules.iter().zip(numbering::of(modules)?) {
        joined.add(module, functions)?;
    }
    Ok(joined.finish())
}

#[derive(Default)]
struct Joined<'m> {
    types: Option<&'m [u8]>,
    /// What all of them import: globals, and the main module's memory and table.
    imports: Vec<Import<'m>>,
    functions: FunctionSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

/// How the numbers of one module change.
struct Renumbering {
    functions: Numbering,
    /// The number of each of its globals after.
    globals: Vec<u32>,
}

impl<'m> Joined<'m> {
    fn add(&mut self, module: &'m [u8], functions: Numbering) -> Result<()> {
        let mut numbers = Renumbering { functions, globals: Vec::new() };
        let mut bodies = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    let range = section.range();
                    let types = usize::try_from(range.start)?..usize::try_from(range.end)?;
                    let types = module.get(types).context("the types are in the module")?;
                    ensure!(*self.types.get_or_insert(types) == types, "their types differ");
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        self.import(import?, &mut numbers)?;
                    }
                }
                Payload::FunctionSection(section) => {
                    for (kind, kept) in section.into_iter().zip(&numbers.functions.kept) {
                        let kind = kind?;
                        if *kept {
                            self.functions.function(kind);
                        }
                    }
                }
                Payload::ElementSection(section) => {
                    numbers.parse_element_section(&mut self.elements, section)?;
                }
                Payload::CodeSectionEntry(body) => {
                    if numbers.functions.kept.get(bodies).is_some_and(|kept| *kept) {
                        numbers.parse_function_body(&mut self.code, body)?;
                    }
                    bodies += 1;
                }
                Payload::DataSection(section) => {
                    for segment in section {
                        let segment = segment?;
                        if !segment.data.is_empty() {
                            numbers.parse_data(&mut self.data, segment)?;
                        }
                    }
                }
                Payload::ExportSection(section) if section.count() == 0 => {}
                // How many segments there are is only told to instructions that name one.
                Payload::DataCountSection { .. }
                | Payload::CodeSectionStart { .. }
                | Payload::CustomSection(_)
                | Payload::Version { .. }
                | Payload::End(_) => {}
                other => bail!("a part has what no part should have: {other:?}"),
            }
        }
        Ok(())
    }

    fn import(&mut self, import: Import<'m>, numbers: &mut Renumbering) -> Result<()> {
        let is_global = |import: &Import<'_>| matches!(import.ty, TypeRef::Global(_));
        ensure!(
            is_global(&import) || matches!(import.ty, TypeRef::Memory(_) | TypeRef::Table(_)),
            "a part imports `{}`, which is neither memory, table nor global",
            import.name
        );
        let known = self.imports.iter().position(|known| known.name == import.name);
        let at = known.unwrap_or(self.imports.len());
        if known.is_none() {
            self.imports.push(import);
        }
        if is_global(&import) {
            let before = self.imports[..at].iter().filter(|import| is_global(import)).count();
            numbers.globals.push(u32::try_from(before)?);
        }
        Ok(())
    }

    fn finish(self) -> Vec<u8> {
        let mut imports = ImportSection::new();
        for import in &self.imports {
            if let Ok(kind) = wasm_encoder::EntityType::try_from(import.ty) {
                imports.import(import.module, import.name, kind);
            }
        }
        let mut module = Module::new();
        if let Some(types) = self.types {
            module.section(&RawSection { id: wasm_encoder::SectionId::Type as u8, data: types });
        }
        module.section(&imports).section(&self.functions).section(&self.elements);
        module.section(&self.code).section(&self.data);
        module.finish()
    }
}

impl Reencode for Renumbering {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        self.functions.functions.get(function as usize).copied().ok_or(Error::InvalidConstExpr)
    }

    fn global_index(&mut self, global: u32) -> Result<u32, Error> {
        self.globals.get(global as usize).copied().ok_or(Error::InvalidConstExpr)
    }

    /// What was cut out is full of instructions that are never reached.
    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        if matches!(body.get_operators_reader()?.read()?, Operator::Unreachable) {
            let mut empty = Function::new([]);
            empty.instructions().unreachable().end();
            code.function(&empty);
            return Ok(());
        }
        wasm_encoder::reencode::utils::parse_function_body(self, code, body)
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        ConstExpr, Elements, EntityType, GlobalType, MemoryType, RefType, TableType, ValType,
    };

    use super::*;

    /// One function that calls itself, has its place in the table, and reads `globals`.
    fn part(place: i32, globals: &[&str]) -> Vec<u8> {
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        let global = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        let table = TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: 9,
            maximum: None,
            shared: false,
        };
        let memory = MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        let mut imports = ImportSection::new();
        imports.import("main", "table", EntityType::Table(table));
        imports.import("main", "memory", EntityType::Memory(memory));
        for name in globals {
            imports.import("main", name, EntityType::Global(global));
        }
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut elements = ElementSection::new();
        let own = Elements::Functions([0].as_slice().into());
        elements.active(Some(0), &ConstExpr::i32_const(place), own);
        let mut body = Function::new([]);
        body.instructions().call(0);
        for global in 0..globals.len() {
            body.instructions().global_get(u32::try_from(global).expect("few")).drop();
        }
        body.instructions().end();
        let mut code = CodeSection::new();
        code.function(&body);
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(place), [1]);
        data.active(0, &ConstExpr::i32_const(place), []);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&elements);
        module.section(&code).section(&data);
        module.finish()
    }

    /// What each function of a module calls and reads.
    fn uses(module: &[u8]) -> Vec<Vec<u32>> {
        let of = |body: FunctionBody<'_>| {
            let operators = body.get_operators_reader().expect("operators").into_iter();
            operators
                .filter_map(|operator| match operator.expect("operator") {
                    Operator::Call { function_index: used }
                    | Operator::GlobalGet { global_index: used } => Some(used),
                    _ => None,
                })
                .collect()
        };
        let payloads = Parser::new(0).parse_all(module).map(|payload| payload.expect("valid"));
        payloads
            .filter_map(|payload| match payload {
                Payload::CodeSectionEntry(body) => Some(of(body)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn functions_and_globals_keep_what_they_mean() {
        let parts = [part(3, &[]), part(4, &["a"]), part(5, &["b", "a"])];
        let joined = modules(&parts).expect("they belong together");
        assert_eq!(uses(&joined), [vec![0], vec![1, 0], vec![2, 1, 0]]);
    }

    /// Like [`part`], and its function calls what is at `target` in the table.
    fn caller(place: i32, target: i32) -> Vec<u8> {
        let mut module = Module::new();
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        functions.function(0).function(0);
        let mut elements = ElementSection::new();
        let own = Elements::Functions([1].as_slice().into());
        elements.active(Some(0), &ConstExpr::i32_const(place), own);
        let (mut detour, mut body) = (Function::new([]), Function::new([]));
        detour.instructions().i32_const(target).call_indirect(0, 0).end();
        body.instructions().call(0).end();
        let mut code = CodeSection::new();
        code.function(&detour).function(&body);
        module.section(&types).section(&functions).section(&elements).section(&code);
        module.finish()
    }

    #[test]
    fn functions_of_one_module_call_each_other_without_a_detour() {
        // The first calls the second, and both of the others what is outside.
        let joined = modules(&[caller(3, 4), caller(4, 9), caller(5, 9)]).expect("they are alike");
        assert_eq!(uses(&joined), [vec![2], vec![], vec![1], vec![1]]);
    }

    #[test]
    fn what_is_strange_is_refused() {
        let mut strange = wasm_encoder::TypeSection::new();
        strange.ty().function([ValType::I64], []);
        let mut module = Module::new();
        module.section(&strange);
        assert!(modules(&[part(3, &[]), module.finish()]).is_err());
    }
}
