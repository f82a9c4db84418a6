//! The one conversion from a plan to what a primitive understands.

use std::ffi::{OsStr, OsString};

use rye_primitives::{
    Attachment as ProcessAttachment, Output, ProcessLimits, ProcessRequest, Pulse, Scope, Stdin,
};
use rye_resolver::{Attachment, FunctionCall, Plan, ProcessPlan, StdinPlan};
use rye_runtimes::call::Style;
use rye_tools::without_mark;
use serde::Serialize;

use crate::artifacts::ArtifactConfig;
use crate::peer::MAX_LINE;
use crate::work::Means;

/// How many bytes a function may return.
pub const MAX_REPLY: usize = 64 << 20;

/// The process that a plan asks for.
pub(crate) fn process_request(
    plan: &Plan,
    process: &ProcessPlan,
    means: &Means,
    pulse: &Pulse,
) -> ProcessRequest {
    let attached = plan.attachment == Attachment::Caller;
    let env = plan.environment.iter().map(|(name, value, _)| (name.to_owned(), value.to_owned()));
    let mut mark = OsString::from("RYE_RUN_ID=");
    mark.push(&plan.run_id);
    ProcessRequest {
        program: process.program.clone(),
        args: process.args.clone(),
        env: env.collect(),
        cwd: process.cwd.clone(),
        attachment: if attached { ProcessAttachment::Terminal } else { ProcessAttachment::Captured },
        stdin: match &process.stdin {
            _ if plan.style == Style::Mcp => Stdin::Wire,
            StdinPlan::Null => Stdin::Null,
            StdinPlan::Caller => Stdin::Inherit,
            StdinPlan::Bytes(bytes) => Stdin::Bytes(bytes.clone()),
        },
        stdout: match (attached, plan.style) {
            (false, _) => Output::Capture,
            // The result comes on its own descriptor; what the function prints is log.
            (true, Style::Function) => Output::ToStderr,
            (true, _) => Output::Inherit,
        },
        stderr: if attached { Output::Inherit } else { Output::Capture },
        call: process.call.as_ref().map(function_request),
        limits: ProcessLimits {
            timeout: plan.timeout.map(|(limit, _)| limit),
            idle: plan.idle_timeout.map(|(limit, _)| limit),
            grace: process.grace,
            max_output: process.max_output,
            max_reply: if plan.style == Style::Mcp { MAX_LINE } else { MAX_REPLY },
            ..ProcessLimits::default()
        },
        leave_running: process.leave_running,
        scope: if means.alone { Scope::Exclusive } else { Scope::Shared { mark } },
        cgroups: means.cgroups.clone(),
        spill: means.artifacts.as_ref().map(ArtifactConfig::spill),
        pulse: pulse.clone(),
    }
}

/// What a bootstrap reads from the call's descriptor.
#[derive(Serialize)]
struct FunctionRequest<'c> {
    path: String,
    module: &'c str,
    source: &'c str,
    function: &'c str,
    params: serde_json::Value,
    converts: &'c [String],
    project_path: Option<String>,
    folders: Vec<String>,
}

fn function_request(call: &FunctionCall) -> Vec<u8> {
    let text = |path: &OsStr| path.to_string_lossy().into_owned();
    let request = FunctionRequest {
        path: text(call.file.path.as_os_str()),
        module: &call.module,
        // A file that is not UTF-8 is no function and never gets here. Python compiles a text without its mark.
        source: std::str::from_utf8(without_mark(&call.file.bytes)).unwrap_or_default(),
        function: call.function,
        params: call.arguments.to_json(),
        converts: &call.converts,
        project_path: call.project.as_ref().map(|path| text(path.as_os_str())),
        folders: call.import_folders.iter().map(|path| text(path.as_os_str())).collect(),
    };
    // Strings, numbers and values: nothing here can fail to be written.
    serde_json::to_vec(&request).unwrap_or_default()
}
