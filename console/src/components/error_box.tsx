// An error as the server worded it: code, message, hint, and the request's id for its log.
import { ApiError } from "../frame/api";
import { signedOut } from "../frame/session";

export function ErrorBox({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = error instanceof ApiError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div class="error-box" role="alert">
      <p>
        {known && <span class="error-code">{known.code}: </span>}
        {message}
      </p>
      {known?.hint && <p>Hint: {known.hint}</p>}
      {known?.requestId && <p class="small muted">Request {known.requestId}</p>}
      <div class="row">
        {onRetry && (
          <button class="button small" onClick={onRetry}>
            Try again
          </button>
        )}
        {known?.status === 403 && (
          <button class="button small" onClick={() => signedOut(message)}>
            Sign in with another token
          </button>
        )}
      </div>
    </div>
  );
}
