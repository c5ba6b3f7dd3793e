/** Signin: comes next. */
import { EmptyState } from "../../design/states";

export default function SigninPage() {
  return <EmptyState title="Signin" />;
}
