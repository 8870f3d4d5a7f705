//! One route, told step by step. What follows from the permission it needs, or from having a body, is
//! added here, so that no route can forget to tell it.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use engine::key::Permission;
use utoipa::IntoParams;
use utoipa::openapi::path::{
    HttpMethod, Operation as Described, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Required, Response, ResponsesBuilder};

use super::refusals::{self, Refusal, header};
use super::shape::{Named, Shape};
use super::{required, security};
use crate::problem::Code;

pub(super) struct Operation {
    part: &'static str,
    method: Method,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    description: Option<&'static str>,
    permission: Option<Permission>,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    answers: BTreeMap<u16, Response>,
    codes: Vec<Code>,
    named: Named,
}

/// An operation as the document has it.
pub(super) struct Told {
    pub path: &'static str,
    pub method: HttpMethod,
    pub operation: Described,
    pub schemas: Named,
    /// Answers that it shares with others, by name.
    pub refusals: Vec<(String, Response)>,
}

/// A part of the API, whose operations are begun from it.
#[derive(Clone, Copy)]
pub(super) struct Part(pub &'static str);

impl Part {
    pub(super) fn get(
        self,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Operation {
        self.begin(Method::GET, path, id, summary)
    }

    pub(super) fn post(
        self,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Operation {
        self.begin(Method::POST, path, id, summary)
    }

    pub(super) fn put(
        self,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Operation {
        self.begin(Method::PUT, path, id, summary)
    }

    pub(super) fn delete(
        self,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Operation {
        self.begin(Method::DELETE, path, id, summary)
    }

    fn begin(
        self,
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Operation {
        Operation {
            part: self.0,
            method,
            path,
            id,
            summary,
            description: None,
            permission: None,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            codes: Vec::new(),
            named: Named::new(),
        }
    }
}

impl Operation {
    pub(super) fn says(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// Closed to callers without this permission.
    pub(super) fn needs(mut self, permission: Permission) -> Self {
        self.codes.extend(refusals::of_the_caller(&self.method, permission));
        self.permission = Some(permission);
        self.refuses(refusals::OF_THE_STORE)
    }

    /// What the path names.
    pub(super) fn named(mut self, name: &str, about: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        let parameter = parameter.required(Required::True).description(Some(about));
        self.parameters.push(parameter.schema(Some(schema)).build());
        self.refuses(&[Code::NotFound])
    }

    /// What the path names, where names follow a pattern.
    pub(super) fn named_like(mut self, name: &str, about: &str, pattern: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        let parameter = parameter.required(Required::True).description(Some(about));
        self.parameters.push(parameter.schema(Some(schema)).build());
        self.refuses(&[Code::NotFound])
    }

    /// A number in the path, from 1.
    pub(super) fn numbered(mut self, name: &str, about: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        let parameter = parameter.required(Required::True).description(Some(about));
        self.parameters.push(parameter.schema(Some(schema)).build());
        self.refuses(&[Code::NotFound])
    }

    pub(super) fn query<Q: IntoParams>(mut self) -> Self {
        self.parameters.extend(Q::into_params(|| Some(ParameterIn::Query)));
        self.refuses(&[Code::InvalidParameter])
    }

    /// A header that may be there.
    pub(super) fn header(mut self, name: &str, schema: ObjectBuilder, about: &str) -> Self {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
        let parameter = parameter.required(Required::False).description(Some(about));
        self.parameters.push(parameter.schema(Some(schema)).build());
        self
    }

    /// What the body may be, each with its content type.
    pub(super) fn takes(mut self, shapes: impl IntoIterator<Item = Shape>) -> Self {
        let mut body = RequestBodyBuilder::new().required(Some(Required::True));
        for shape in shapes {
            body = body.content(shape.kind, shape.content());
            self.named.extend(shape.named);
        }
        self.body = Some(body.build());
        self.refuses(refusals::OF_A_BODY)
    }

    /// A body that may be left out.
    pub(super) fn may_take(mut self, shape: Shape) -> Self {
        let body = RequestBodyBuilder::new().required(Some(Required::False));
        self.body = Some(body.content(shape.kind, shape.content()).build());
        self.named.extend(shape.named);
        self.refuses(refusals::OF_A_BODY).refuses(&[Code::MalformedJson])
    }

    pub(super) fn answers(mut self, status: StatusCode, about: &str, shape: Shape) -> Self {
        let answer = self.answer(status, about);
        answer.content.insert(shape.kind.to_owned(), shape.content());
        self.named.extend(required::in_answers(shape.named));
        self
    }

    pub(super) fn answers_nothing(mut self, status: StatusCode, about: &str) -> Self {
        self.answer(status, about);
        self
    }

    /// Adds a header that every answer with this status has.
    pub(super) fn with_header(mut self, status: StatusCode, name: &str, about: &str) -> Self {
        let header = header(Type::String, about);
        self.answer(status, "").headers.insert(name.to_owned(), header);
        self
    }

    pub(super) fn refuses(mut self, codes: &[Code]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }

    fn answer(&mut self, status: StatusCode, about: &str) -> &mut Response {
        self.answers.entry(status.as_u16()).or_insert_with(|| Response::new(about))
    }

    pub(super) fn tell(self) -> Told {
        let mut answers: BTreeMap<u16, RefOr<Response>> =
            self.answers.into_iter().map(|(status, answer)| (status, answer.into())).collect();
        let mut schemas = self.named;
        let mut refusals = Vec::new();
        for Refusal { status, name, answer } in refusals::by_status(&self.codes) {
            // One that stands alone is shared; one beside another answer is told there.
            if let Some(RefOr::T(other)) = answers.get_mut(&status) {
                other.description = format!("{} {}", answer.description, other.description);
                other.content.extend(answer.content);
                other.headers.extend(answer.headers);
            } else {
                answers.insert(status, Ref::from_response_name(&name).into());
                refusals.push((name, answer));
            }
        }
        if !self.codes.is_empty() {
            schemas.extend(refusals::schemas());
        }
        let answers = answers.into_iter().map(|(status, answer)| (status.to_string(), answer));
        let operation = OperationBuilder::new()
            .tag(self.part)
            .operation_id(Some(self.id))
            .summary(Some(self.summary))
            .description(self.description)
            .parameters((!self.parameters.is_empty()).then_some(self.parameters))
            .request_body(self.body)
            .responses(ResponsesBuilder::new().responses_from_iter(answers).build())
            .securities(Some(self.permission.map(security::ways).unwrap_or_default()))
            .build();
        Told { path: self.path, method: method(&self.method), operation, schemas, refusals }
    }
}

fn method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}
