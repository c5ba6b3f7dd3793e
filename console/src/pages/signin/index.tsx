/** Sign in, or set up an account with the code of `seawall serve` or an invitation. */
import { useRoute } from "../../app/router";
import { SetUp } from "./set-up";
import { SignIn } from "./sign-in";

export default function SigninPage() {
  const { path } = useRoute();
  return path === "/setup" ? <SetUp /> : <SignIn />;
}
